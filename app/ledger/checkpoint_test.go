package ledger_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

func keys(t *testing.T, name string) (note.Signer, string) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer, public
}

func signed(t *testing.T, text string, by ...note.Signer) []byte {
	t.Helper()
	out, err := note.Sign(&note.Note{Text: text}, by...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestOpenCheckpoint(t *testing.T) {
	signer, key := keys(t, "acme.atlassian.net/throughline")
	stranger, _ := keys(t, "acme.atlassian.net/throughline")
	witness, _ := keys(t, "witness.example")
	c := ledger.Checkpoint{Origin: signer.Name(), Size: 12, Root: tlog.RecordHash(nil)}
	if want := "acme.atlassian.net/throughline\n12\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n"; c.Text() != want {
		t.Errorf("text %q, want %q", c.Text(), want)
	}
	whole := string(signed(t, c.Text(), signer))
	tests := []struct {
		name, note string
		want       fault.Kind
		ok         bool
	}{
		{"as signed", whole, 0, true},
		{"unsigned", c.Text(), fault.Unverified, false},
		{"by a stranger", string(signed(t, c.Text(), stranger)), fault.Unverified, false},
		{"by another too", string(signed(t, c.Text(), signer, witness)), fault.Unverified, false},
		{"another size", strings.Replace(whole, "\n12\n", "\n13\n", 1), fault.Unverified, false},
		{"a loose bit in the signature", whole[:len(whole)-3] + string(whole[len(whole)-3]+1) + whole[len(whole)-2:], fault.Unverified, false},
		{"of another log", string(signed(t, "globex/throughline\n12\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n", signer)), fault.Unverified, false},
		{"a size with a zero before it", string(signed(t, strings.Replace(c.Text(), "12", "012", 1), signer)), fault.Invalid, false},
		{"a size that is none", string(signed(t, strings.Replace(c.Text(), "12", "many", 1), signer)), fault.Invalid, false},
		{"a root that is too short", string(signed(t, "acme.atlassian.net/throughline\n12\nbjQL\n", signer)), fault.Invalid, false},
		{"a line more", string(signed(t, c.Text()+"more\n", signer)), fault.Invalid, false},
		{"a tree of the Go checksum database", string(signed(t, string(tlog.FormatTree(tlog.Tree{N: 12})), signer)), fault.Unverified, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ledger.OpenCheckpoint([]byte(tt.note), key)
			if (err == nil) != tt.ok || err != nil && !fault.Is(err, tt.want) {
				t.Errorf("%+v, %v; want %v or kind %q", got, err, tt.ok, tt.want)
			}
		})
	}
	if _, err := ledger.OpenCheckpoint([]byte(whole), "no key"); !fault.Is(err, fault.Invalid) {
		t.Errorf("with a key that is none: %v", err)
	}
}

func TestOrigin(t *testing.T) {
	for id, want := range map[tenant.ID]string{
		"acme.atlassian.net": "acme.atlassian.net/throughline", "127.0.0.1:8091": "127.0.0.1:8091/throughline", "a b+c\u2003d": "a_b_c_d/throughline",
	} {
		if got := ledger.Origin(id); got != want {
			t.Errorf("Origin(%q) = %q, want %q", id, got, want)
		}
		keys(t, ledger.Origin(id)) // is a name that a key may have
	}
}

// FuzzCheckpoint: nobody makes a checkpoint without the key.
func FuzzCheckpoint(f *testing.F) {
	const key = "acme/throughline+67f48fa2+ATkHLIuqv0WLV4Hh3SNW7dvvO0ZJ7cXgdfWMfFDhZRkp"
	f.Add("acme/throughline\n12\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n\n— acme/throughline Z/SPogAA\n")
	f.Fuzz(func(t *testing.T, note string) {
		if c, err := ledger.OpenCheckpoint([]byte(note), key); err == nil {
			t.Errorf("read as %+v", c)
		}
		if c, err := ledger.ReadCheckpoint([]byte(note)); err == nil && !strings.HasPrefix(note, c.Text()) {
			t.Errorf("%q is read as %q", note, c.Text())
		}
	})
}
