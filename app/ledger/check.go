package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/throughline/throughline/app/tenant"
)

// Checked is what a check of a whole log saw.
type Checked struct {
	Entries     uint64    `json:"entries"`
	Erased      int       `json:"erased"`      // entries whose body stands for an erased one
	Checkpoints int       `json:"checkpoints"` // signed ones that the entries continue
	Outside     int       `json:"outside"`     // of the checkpoints kept outside that were given
	Root        string    `json:"root"`        // of the tree now, as in a checkpoint; base64
	First       time.Time `json:"first,omitzero"`
	Last        time.Time `json:"last,omitzero"` // UTC, recorded
	Wrong       string    `json:"wrong,omitempty"`
}

// Check recomputes a tenant's tree from its entries and compares it with every hash that is stored, every checkpoint that was signed,
// and those that were kept outside of the store. Checked.Wrong is the first thing that does not fit; an error means that it could not
// be found out.
func Check(ctx context.Context, t Tree, id tenant.ID, outside []Checkpoint) (Checked, error) {
	var out Checked
	c := checking{replaced: map[uint64]Digest{}, vouched: map[uint64]Digest{}}
	signed, err := t.Signed(ctx, id)
	if err == nil {
		c.signed = signed
		c.outside = outside
		c.compare()
		err = cmp.Or(t.Leaves(ctx, id, 0, c.add), c.wrong, c.end())
	}
	var damage *Damage
	if errors.As(err, &damage) {
		out.Wrong, err = damage.Text, nil
	}
	root := Checkpoint{Root: c.edge.Root()}
	out.Entries, out.Erased, out.Checkpoints, out.Outside, out.Root = c.edge.Size(), len(c.replaced), c.inside, c.kept, root.root()
	out.First, out.Last = c.first, c.last
	return out, err
}

type checking struct {
	edge            Edge
	first, last     time.Time
	signed, outside []Checkpoint
	inside, kept    int               // of these, how many fit
	replaced        map[uint64]Digest // erased entries: what stands there instead
	vouched         map[uint64]Digest // and what the newest erasure says of it
	wrong           error
}

func (c *checking) add(l Leaf) bool {
	e := l.Entry
	switch {
	case e.Seq != c.edge.Size():
		c.wrong = Damaged("entry %d is missing", c.edge.Size())
	case e.Recorded.Before(c.last):
		c.wrong = Damaged("entry %d is recorded before the one above it", e.Seq)
	}
	if c.wrong != nil {
		return false
	}
	if e.Seq == 0 {
		c.first = e.Recorded
	}
	c.last = e.Recorded
	if !l.Opens() {
		c.replaced[e.Seq] = l.Salt.Digest(e.Body())
	}
	if e.Kind == Erased {
		c.wrong = c.vouch(e)
	}
	c.edge.Add(l.Hash())
	c.compare()
	return c.wrong == nil
}

func (c *checking) vouch(e Entry) error {
	var f ErasedFact
	if err := json.Unmarshal(e.Data, &f); err != nil {
		return Damaged("the erasure in entry %d cannot be read", e.Seq)
	}
	for _, one := range f.Entries {
		var d Digest
		if err := d.parse(one.Digest); err != nil {
			return Damaged("the erasure in entry %d cannot be read", e.Seq)
		}
		c.vouched[one.Seq] = d
	}
	return nil
}

// compare holds the tree so far against the checkpoints of its size.
func (c *checking) compare() {
	for _, of := range []struct {
		name string
		all  []Checkpoint
		fit  *int
	}{{"was signed", c.signed, &c.inside}, {"is kept outside", c.outside, &c.kept}} {
		for *of.fit < len(of.all) && of.all[*of.fit].Size == c.edge.Size() {
			if of.all[*of.fit].Root != c.edge.Root() {
				c.wrong = Damaged("the first %d entries are not those whose checkpoint %s: the log was written anew", c.edge.Size(), of.name)
				return
			}
			*of.fit++
		}
	}
}

func (c *checking) end() error {
	for seq, digest := range c.replaced {
		if c.vouched[seq] != digest {
			return Damaged("entry %d does not say what was recorded, and no entry tells of its erasure", seq)
		}
	}
	if c.inside < len(c.signed) {
		return Damaged("the log has %d entries, and a checkpoint of %d was signed: entries are gone", c.edge.Size(), c.signed[c.inside].Size)
	}
	if c.kept < len(c.outside) {
		return Damaged("the log has %d entries, and a checkpoint of %d is kept outside: this is an older copy of the store, or entries are gone",
			c.edge.Size(), c.outside[c.kept].Size)
	}
	return nil
}
