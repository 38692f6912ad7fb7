package archive

import (
	"bytes"
	"errors"
	"testing"

	"github.com/throughline/throughline/app/ledger"
)

// FuzzVerify: whatever the bytes, verifying ends with a flaw: nobody but the holder of the key makes a pack, and the fuzzer does not
// hold it.
func FuzzVerify(f *testing.F) {
	f.Add([]byte("PK\x05\x06"))
	f.Add(append(bytes.Repeat([]byte{0}, 40), "PK\x05\x06\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00"...))
	m := member{name: "a.csv", method: 8}
	whole := append(m.local(), m.descriptor()...)
	at := len(whole)
	whole = append(whole, m.central()...)
	f.Add(append(whole, 'P', 'K', 5, 6, 0, 0, 0, 0, 1, 0, 1, 0, byte(len(whole)-at), 0, 0, 0, byte(at), 0, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, pack []byte) {
		_, err := Verify(t.Context(), bytes.NewReader(pack), int64(len(pack)), Expect{})
		var found *Flaw
		if !errors.As(err, &found) {
			t.Errorf("%v, want a flaw", err)
		}
	})
}

// FuzzLine: a line that is taken apart can be put together again, and is then the same.
func FuzzLine(f *testing.F) {
	l := ledger.Commit(ledger.Entry{Seq: 7, Kind: ledger.Moved, Page: `}"\`, By: "5b10a"})
	f.Add([]byte(lineLeaf + string(l.Bytes()) + "}"))
	f.Add([]byte(lineLeaf + string(l.Bytes())))
	f.Add([]byte(lineLeaf + string(l.Bytes()) + lineSalt + "00112233445566778899aabbccddeeff" + lineBody + string(l.Entry.Body()) + "}"))
	f.Fuzz(func(t *testing.T, line []byte) {
		l, _, body, err := parseLine(line)
		if err != nil {
			return
		}
		again := append([]byte(lineLeaf), l.Bytes()...)
		if body != nil {
			again = appendBody(again, l.Salt, body)
		}
		if again = append(again, '}'); !bytes.Equal(again, line) {
			t.Errorf("%q was read as %q", line, again)
		}
	})
}
