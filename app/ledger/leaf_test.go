package ledger_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
)

func sample() ledger.Entry {
	at := time.Date(2026, 3, 1, 12, 0, 0, 120_000_000, time.FixedZone("CET", 3600))
	return ledger.Entry{
		Seq: 7, Kind: ledger.Moved, Page: "98307", Threat: "T-KVPGETDS", Version: 3, By: "5b10a", Occurred: at, Observed: at.Add(time.Second), Recorded: at.Add(2 * time.Second),
		Data: ledger.Encode(ledger.MoveFact{To: threat.Open, Why: "the page states it"}),
	}
}

// TestLeavesStayAsTheyAre: a leaf's bytes are hashed into trees that were signed, so that they can never change.
func TestLeavesStayAsTheyAre(t *testing.T) {
	salt := ledger.Salt{1, 2, 3}
	l := ledger.Leaf{Entry: sample(), Salt: salt, Digest: salt.Digest(sample().Body())}
	if got, want := string(l.Entry.Body()), `{"by":"5b10a","data":{"from":"","to":"open","why":"the page states it"}}`; got != want {
		t.Errorf("body\n%s, want\n%s", got, want)
	}
	want := `{"body":"887e7f239ce833153b694b6a5af2fea8ffae54309116779f0dc7a1a3efab670b","kind":"threat.moved","observed":"2026-03-01T11:00:01.12Z",` +
		`"occurred":"2026-03-01T11:00:00.12Z","page":"98307","recorded":"2026-03-01T11:00:02.12Z","seq":7,"threat":"T-KVPGETDS","v":1,"version":3}`
	if got := string(l.Bytes()); got != want {
		t.Errorf("leaf\n%s, want\n%s", got, want)
	}
	empty := ledger.Leaf{}
	want = `{"body":"` + strings.Repeat("0", 64) + `","kind":"","observed":"0001-01-01T00:00:00Z","occurred":"0001-01-01T00:00:00Z","page":"",` +
		`"recorded":"0001-01-01T00:00:00Z","seq":0,"threat":"","v":1,"version":0}`
	if got := string(empty.Bytes()); got != want {
		t.Errorf("empty leaf\n%s, want\n%s", got, want)
	}
}

func TestParseLeafTakesOneForm(t *testing.T) {
	l := ledger.Leaf{Entry: sample()}
	good := string(l.Bytes())
	if _, err := ledger.ParseLeaf([]byte(good)); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, old, replacement string }{
		{"a space", `,"kind"`, `, "kind"`},
		{"another order", `"seq":7,"threat":"T-KVPGETDS"`, `"threat":"T-KVPGETDS","seq":7`},
		{"a member twice", `"seq":7`, `"seq":7,"seq":7`},
		{"a member more", `"seq":7`, `"seq":7,"more":1`},
		{"a member in other letters", `"seq":7`, `"SEQ":7`},
		{"a number written otherwise", `"seq":7`, `"seq":7e0`},
		{"a letter escaped", "T-K", `\u0054-K`},
		{"another zone", "11:00:02.12Z", "12:00:02.12+01:00"},
		{"decimals that say nothing", "02.12Z", "02.120Z"},
		{"a digest in capitals", `"body":"00`, `"body":"0A`},
		{"a digest that is none", `"body":"00`, `"body":"0`},
		{"a later format", `"v":1`, `"v":2`},
		{"no JSON", "{", ""},
		{"something after it", "3}", "3}}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			changed := strings.Replace(good, tt.old, tt.replacement, 1)
			if changed == good {
				t.Fatal("nothing was changed")
			}
			if got, err := ledger.ParseLeaf([]byte(changed)); !fault.Is(err, fault.Invalid) {
				t.Errorf("read as %+v, %v", got, err)
			}
		})
	}
}

// FuzzLeaf: whatever an entry is about, its leaf is JSON that says so, reads as the same, and is the only form of it.
func FuzzLeaf(f *testing.F) {
	f.Add("98307", "T-1", 3, int64(0))
	f.Add("\x00\x1f\"\\\u2028\u007f<&>", "\xff\xfe", -1, int64(1)<<60)
	f.Fuzz(func(t *testing.T, page, threat string, version int, at int64) {
		e := ledger.Entry{Page: page, Threat: threat, Version: version, Recorded: time.Unix(at%(1<<37), at&0x3fffffff).UTC()}
		if e.Recorded.Year() < 1 || e.Recorded.Year() > 9999 {
			return
		}
		raw := ledger.Leaf{Entry: e}.Bytes()
		var plain struct{ Page, Threat string }
		if err := json.Unmarshal(raw, &plain); err != nil || plain.Page != string([]rune(page)) {
			t.Fatalf("%s: %v", raw, err)
		}
		l, err := ledger.ParseLeaf(raw)
		if err != nil {
			t.Fatal(err)
		}
		body := ledger.Entry{By: page, Data: ledger.Encode(map[string]string{"threat": threat})}
		by, data, err := ledger.ParseBody(body.Body())
		if err != nil || by != plain.Page || string(data) != string(body.Data) {
			t.Errorf("%s was read as %q, %s, %v", body.Body(), by, data, err)
		}
		e.Page, e.Threat, e.Occurred, e.Observed = plain.Page, plain.Threat, l.Entry.Occurred, l.Entry.Observed
		if diff := cmp.Diff(e, l.Entry); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// TestParseBody: a body has one form, with or without data.
func TestParseBody(t *testing.T) {
	tests := []struct {
		name, body, by, data string
		ok                   bool
	}{
		{"whole", `{"by":"5b10a","data":{"why":"}"}}`, "5b10a", `{"why":"}"}`, true},
		{"no data", `{"by":"5b10a"}`, "5b10a", "", true},
		{"escapes", `{"by":"\\\"","data":{}}`, `\"`, "{}", true},
		{"another order", `{"data":{},"by":"5b10a"}`, "", "", false},
		{"no end", `{"by":"5b10a","data":{]`, "", "", false},
		{"another way to write it", `{"by":"\u0035b10a","data":{}}`, "", "", false},
		{"data that is not there", `{"by":"5b10a","data":}`, "", "", false},
		{"a string without end", `{"by":"5b10a`, "", "", false},
		{"nothing", ``, "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			by, data, err := ledger.ParseBody([]byte(tt.body))
			if (err == nil) != tt.ok || by != tt.by || string(data) != tt.data || err != nil && !fault.Is(err, fault.Invalid) {
				t.Errorf("got %q, %s, %v", by, data, err)
			}
		})
	}
}

// FuzzBody: what is read as a body is the body of what was read.
func FuzzBody(f *testing.F) {
	f.Add([]byte(`{"by":"5b10a","data":{"why":"}"}}`))
	f.Add([]byte(`{"by":"\\\""}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		by, data, err := ledger.ParseBody(body)
		if again := (ledger.Entry{By: by, Data: data}).Body(); err == nil && string(again) != string(body) {
			t.Errorf("%q was read as %q", body, again)
		}
	})
}

// TestEdge holds our roots against the library's, for trees of every size up to 300.
func TestEdge(t *testing.T) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, at := range indexes {
			out[i] = stored[at]
		}
		return out, nil
	})
	var edge ledger.Edge
	for n := range int64(300) {
		want, err := tlog.TreeHash(n, reader)
		if err != nil {
			t.Fatal(err)
		}
		if edge.Root() != want || edge.Size() != uint64(n) {
			t.Fatalf("%d leaves: %v, want %v", n, edge.Root(), want)
		}
		leaf := tlog.RecordHash([]byte{byte(n), byte(n >> 8)})
		edge.Add(leaf)
		more, err := tlog.StoredHashesForRecordHash(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
	}
}
