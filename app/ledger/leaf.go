package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/throughline/throughline/app/fault"
)

// SaltSize is the length of a Salt.
const SaltSize = 16

// Salt hides a body behind its digest: without it, who guesses an account id cannot check the guess. It is made at random for
// each body, kept beside it, and goes with it when it is erased.
type Salt [SaltSize]byte

// NewSalt makes one.
func NewSalt() (s Salt) {
	_, _ = rand.Read(s[:]) // never fails
	return s
}

// String is the salt in hexadecimal, as packs have it.
func (s Salt) String() string { return hex.EncodeToString(s[:]) }

// Digest is what a leaf knows of a body: SHA-256 of the salt and then the body.
type Digest [sha256.Size]byte

// String is the digest in hexadecimal, as leaves hold it.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

func (d *Digest) parse(text string) error {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(d) {
		return fault.New(fault.Invalid, "%q is no digest", text)
	}
	copy(d[:], raw)
	return nil
}

// Leaf is one entry as the tree has it: what the entry is about stands in the leaf itself, and who did what, which may have to be
// erased some day, in a body beside it that the leaf only knows by its digest.
type Leaf struct {
	Entry  Entry  // as it stands now
	Salt   Salt   // of the body as it stands now
	Digest Digest // of the salt and body that were recorded

	// ErasedBy is the entry that tells of the erasure of this one, whose body and salt stand for the erased ones; 0 while it is whole.
	ErasedBy uint64
}

// Opens reports whether the body is the one that was recorded.
func (l Leaf) Opens() bool { return l.Salt.Digest(l.Entry.Body()) == l.Digest }

// Commit makes the leaf of an entry as it is recorded.
func Commit(e Entry) Leaf {
	l := Leaf{Entry: e, Salt: NewSalt()}
	l.Digest = l.Salt.Digest(e.Body())
	return l
}

// Digest is that of a body under the salt.
func (s Salt) Digest(body []byte) (d Digest) {
	h := sha256.New()
	h.Write(s[:])
	h.Write(body)
	h.Sum(d[:0])
	return d
}

// Body is what may be personal in an entry: who did it and what its kind says. The bytes are JSON, and the data in it stands as
// it does in the entry.
func (e Entry) Body() []byte {
	out := make([]byte, 0, len(e.By)+len(e.Data)+24)
	out = append(out, `{"by":`...)
	out = appendString(out, e.By)
	if len(e.Data) > 0 {
		out = append(append(out, `,"data":`...), e.Data...)
	}
	return append(out, '}')
}

// leafVersion is the version of the leaves' format, which each leaf names.
const leafVersion = 1

// Bytes is the leaf in the form that is hashed: one JSON object in the canonical form of RFC 8785, all members always there.
//
//	body      digest of salt and body, hexadecimal
//	kind, page, threat, version   as in Entry; "" and 0 when the entry has none
//	occurred, observed, recorded  UTC, RFC 3339 with as many decimals as it takes
//	seq       the entry's number, from 0
//	v         1
func (l Leaf) Bytes() []byte {
	e := l.Entry
	out := make([]byte, 0, 512)
	out = append(out, `{"body":"`...)
	out = hex.AppendEncode(out, l.Digest[:])
	out = append(out, `","kind":`...)
	out = appendString(out, string(e.Kind))
	for _, at := range []struct {
		name string
		time time.Time
	}{{"observed", e.Observed}, {"occurred", e.Occurred}} {
		out = appendTime(append(append(append(out, `,"`...), at.name...), `":"`...), at.time)
	}
	out = appendString(append(out, `,"page":`...), e.Page)
	out = appendTime(append(out, `,"recorded":"`...), e.Recorded)
	out = strconv.AppendUint(append(out, `,"seq":`...), e.Seq, 10)
	out = appendString(append(out, `,"threat":`...), e.Threat)
	out = strconv.AppendInt(append(out, `,"v":`...), leafVersion, 10)
	out = strconv.AppendInt(append(out, `,"version":`...), int64(e.Version), 10)
	return append(out, '}')
}

// Hash is the leaf's hash in the tree (RFC 6962, section 2.1).
func (l Leaf) Hash() tlog.Hash { return tlog.RecordHash(l.Bytes()) }

func appendTime(out []byte, t time.Time) []byte {
	return append(t.UTC().AppendFormat(out, time.RFC3339Nano), '"')
}

// ParseLeaf reads what Bytes wrote; the Leaf has neither body nor salt. It fails with fault.Invalid for anything else, a member
// in another place or another way to write the same value included: a leaf has one form only.
func ParseLeaf(raw []byte) (Leaf, error) {
	if l, ok := parseForm(raw); ok {
		return l, nil
	}
	return whyNoLeaf(raw)
}

// whyNoLeaf reads a leaf that is not in its form, to say what is wrong with it.
func whyNoLeaf(raw []byte) (Leaf, error) {
	var form struct {
		Body     string    `json:"body"`
		Kind     Kind      `json:"kind"`
		Observed time.Time `json:"observed"`
		Occurred time.Time `json:"occurred"`
		Page     string    `json:"page"`
		Recorded time.Time `json:"recorded"`
		Seq      uint64    `json:"seq"`
		Threat   string    `json:"threat"`
		V        int       `json:"v"`
		Version  int       `json:"version"`
	}
	if err := json.Unmarshal(raw, &form); err != nil {
		return Leaf{}, fault.As(fault.Invalid, err, "reading a leaf")
	}
	if form.V != leafVersion {
		return Leaf{}, fault.New(fault.Invalid, "a leaf of format %d: this program knows format %d, run a newer one", form.V, leafVersion)
	}
	if err := new(Digest).parse(form.Body); err != nil {
		return Leaf{}, fault.Wrap(err, "a leaf")
	}
	return Leaf{}, fault.New(fault.Invalid, "a leaf that is not in its one form")
}

// appendString writes a JSON string as RFC 8785 has it: the shortest escapes, and no others. What is no UTF-8 becomes U+FFFD, as
// encoding/json does when it stores the entry.
func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			out = append(out, '\\', byte(r))
		case '\b':
			out = append(out, `\b`...)
		case '\f':
			out = append(out, `\f`...)
		case '\n':
			out = append(out, `\n`...)
		case '\r':
			out = append(out, `\r`...)
		case '\t':
			out = append(out, `\t`...)
		default:
			if r < ' ' {
				out = fmt.Appendf(out, `\u%04x`, r)
			} else {
				out = utf8.AppendRune(out, r)
			}
		}
	}
	return append(out, '"')
}
