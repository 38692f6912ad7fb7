package archive

import (
	"archive/zip"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/stamp"
)

// Stamp is a checkpoint of the log with a time-stamp authority's token over its bytes.
type Stamp struct {
	Note  []byte    // the signed checkpoint, as it was stamped
	Token []byte    // RFC 3161, DER
	Time  time.Time // that the token states, UTC
	Size  uint64    // entries of the checkpoint
}

// Stamped is what the manifest says of a stamp: its files are StampedName and TokenName of the size.
type Stamped struct {
	Size uint64    `json:"size"` // entries of the stamped checkpoint
	Time time.Time `json:"time"` // that the token states
}

// StampReport is what was seen of a stamp: the first Size entries of the log existed at Time, when Trusted says so.
type StampReport struct {
	Stamped
	Trusted bool `json:"trusted"` // a root that is not from the pack vouches for the authority; else only its own word is known
}

// mostToken is how long a token can be.
const mostToken = 1 << 20

// mostStamps is how many stamps a pack has at most: the newest, and the last of before the window's end.
const mostStamps = 2

// StampedName is the file of a stamped checkpoint, TokenName that of the token.
func StampedName(size uint64) string { return fmt.Sprintf("ledger/stamped-%d", size) }

// TokenName is the file of a stamped checkpoint's token.
func TokenName(size uint64) string { return StampedName(size) + ".tsr" }

// addStamps writes the files of stamps, which are in the order of their sizes, and returns what the manifest says of them. Each must be of this very log: roots has the
// tree's root at the size of each.
func (p *Writer) addStamps(stamps []Stamp, head ledger.Checkpoint, roots map[uint64]tlog.Hash) ([]Stamped, error) {
	var out []Stamped
	for _, s := range stamps {
		c, err := ledger.OpenCheckpoint(s.Note, head.Key)
		if err != nil {
			return nil, err
		}
		if c.Size != s.Size || c.Origin != head.Origin || c.Root != roots[c.Size] {
			return nil, ledger.Damaged("the ledger of %s is not the one that was stamped at %s: its first %d entries are others", head.Origin, s.Time.Format(time.RFC3339), c.Size)
		}
		out = append(out, Stamped{c.Size, s.Time.UTC()})
		if err := p.put(StampedName(c.Size), zip.Deflate, 0, s.Note); err != nil {
			return nil, err
		}
		if err := p.put(TokenName(c.Size), zip.Deflate, 0, s.Token); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// stamps checks the stamps but for their place in the tree, and returns what the tree must have for them.
func (v *verifier) stamps(head ledger.Checkpoint, said Ledger, key string) ([]pin, error) {
	if err := v.onlyKnown(said); err != nil {
		return nil, err
	}
	var out []pin
	for _, s := range said.Stamps {
		note, err := v.whole(StampedName(s.Size), mostNote)
		if err != nil {
			return nil, err
		}
		token, err := v.whole(TokenName(s.Size), mostToken)
		if err != nil {
			return nil, err
		}
		c, err := ledger.OpenCheckpoint(note, key)
		if err != nil {
			return nil, flaw(TimeStamp, StampedName(s.Size), "%v", err)
		}
		if c.Origin != head.Origin || c.Size != s.Size || c.Size > head.Size {
			return nil, flaw(TimeStamp, StampedName(s.Size), "it is another checkpoint than the manifest tells of")
		}
		at, err := timeOf(token, note, v.expect.Roots)
		if err != nil {
			return nil, flaw(TimeStamp, TokenName(s.Size), "%v", err)
		}
		if !at.Equal(s.Time) {
			return nil, flaw(TimeStamp, TokenName(s.Size), "it states %s, and the manifest %s", at.Format(time.RFC3339Nano), s.Time.Format(time.RFC3339Nano))
		}
		out = append(out, pin{c, flaw(TimeStamp, StampedName(s.Size), "the first %d entries are not those that were stamped: the log was written anew", c.Size)})
		v.report.Stamps = append(v.report.Stamps, StampReport{s, v.expect.Roots != nil})
	}
	return out, nil
}

func timeOf(token, note []byte, roots *x509.CertPool) (time.Time, error) {
	if roots == nil {
		return stamp.Read(token, note)
	}
	return stamp.Verify(token, note, roots)
}

// onlyKnown checks that the ledger's folder holds what the manifest's ledger tells of, so that nothing in it goes unchecked.
func (v *verifier) onlyKnown(said Ledger) error {
	known := []string{entriesName, leavesName, checkpointName, previousName, keyName}
	if len(said.Stamps) > mostStamps {
		return flaw(TimeStamp, manifestName, "it tells of %d time stamps, and a pack has %d at most", len(said.Stamps), mostStamps)
	}
	for i, s := range said.Stamps {
		if i > 0 && s.Size <= said.Stamps[i-1].Size {
			return flaw(TimeStamp, manifestName, "its time stamps are not in the order of their sizes")
		}
		known = append(known, StampedName(s.Size), TokenName(s.Size))
	}
	for _, m := range v.members {
		if strings.HasPrefix(strings.ToLower(m.name), "ledger/") && !slices.Contains(known, m.name) {
			return flaw(Added, m.name, "nothing of this name belongs to the ledger's part of a pack")
		}
	}
	return nil
}
