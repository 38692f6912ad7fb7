package evidence

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// Walk reads a tenant's ledger up to an instant and gives out every threat that had been stated by then: pages in the order of their
// first review, threats as their page states them.
type Walk struct {
	Log    ledger.Log
	Tenant tenant.ID
	Until  time.Time // entries recorded from then on are not read

	Window   Window                                                // that the entries of threats are counted by; may be zero
	Page     func(e ledger.Entry, p Page, f ledger.PageFact) error // each review, failed review and removal, in the ledger's order; may be nil
	Other    func(e ledger.Entry)                                  // each entry that is of no threat, these included; may be nil
	Progress func(entries int)                                     // called now and then; may be nil

	entries  int
	first    ledger.Entry // that was read; its data is not kept
	previous uint64       // size of the tree that the site's last pack before rests on
	pages    map[string]*paged
	piles    []*pile
}

// paged is what is known of a page, and the pile that its threats' entries lie on.
type paged struct {
	Page
	place int
	pile  *pile
}

// Run calls yield for each threat. Memory holds the threats of a few pages at a time, however many there are: entries are sorted onto
// piles on disk by their page, and each pile is replayed on its own. It fails with fault.Internal when an entry cannot be read:
// evidence with a hole in it is none.
func (w *Walk) Run(ctx context.Context, yield func(Threat) error) error {
	w.pages = map[string]*paged{}
	defer func() {
		for _, p := range w.piles {
			p.close()
		}
	}()
	if err := w.sort(ctx); err != nil {
		return err
	}
	return w.replay(ctx, yield)
}

// Entries is how many entries were read.
func (w *Walk) Entries() int { return w.entries }

func (w *Walk) sort(ctx context.Context) error {
	var failed error
	err := w.Log.Entries(ctx, w.Tenant, 0, func(e ledger.Entry) bool {
		if !e.Recorded.Before(w.Until) {
			return false
		}
		if w.entries == 0 {
			w.first = ledger.Entry{Seq: e.Seq, Recorded: e.Recorded}
		}
		w.entries++
		if w.Progress != nil && w.entries%4096 == 0 {
			w.Progress(w.entries)
		}
		failed = fault.Wrap(w.lay(e), "replaying entry %d of %s", e.Seq, w.Tenant)
		return failed == nil
	})
	return cmp.Or(err, failed)
}

// lay takes what an entry says of its page, or puts it onto its page's pile.
func (w *Walk) lay(e ledger.Entry) error {
	if e.Threat == "" && w.Other != nil {
		w.Other(e)
	}
	switch {
	case ofPage(e.Kind):
		f, err := read[ledger.PageFact](e)
		if err != nil {
			return err
		}
		p, err := w.page(e.Page)
		if err != nil {
			return err
		}
		p.Page = Page{ID: e.Page, Title: f.Title, Space: f.Space, URL: f.URL, Labels: f.Labels}
		if w.Page != nil {
			return w.Page(e, p.Page, f)
		}
		return nil
	case e.Kind == ledger.Exported:
		f, err := read[ledger.ExportFact](e)
		if f.Size > 0 {
			w.previous = f.Size
		}
		return err
	case e.Kind == ledger.PanelWritten || e.Kind == ledger.Erased:
		return nil // they tell of no threat
	}
	p, err := w.page(e.Page)
	if err != nil {
		return err
	}
	return p.pile.put(e)
}

// page is what is known of a page. The order of piles is that of pages, so that threats come out in the same order whichever entries of
// other pages are read with them: what a pack discloses gives its tables again.
func (w *Walk) page(id string) (*paged, error) {
	if p := w.pages[id]; p != nil {
		return p, nil
	}
	if last := len(w.piles) - 1; last < 0 || w.piles[last].begun >= pileSize {
		fresh, err := newPile()
		if err != nil {
			return nil, err
		}
		w.piles = append(w.piles, fresh)
	}
	p := &paged{Page: Page{ID: id}, place: len(w.pages), pile: w.piles[len(w.piles)-1]}
	w.pages[id] = p
	return p, nil
}

// ahead is how many piles are read while one is given out.
const ahead = 2

// replay gives out the piles' threats, in order.
func (w *Walk) replay(ctx context.Context, yield func(Threat) error) error {
	type read struct {
		threats []*Threat
		err     error
	}
	var piles []chan read // that are being read
	begun := 0
	defer func() {
		for _, r := range piles {
			<-r // their files are closed next
		}
	}()
	for range w.piles {
		for ; begun < len(w.piles) && len(piles) <= ahead; begun++ {
			p, r := w.piles[begun], make(chan read, 1)
			piles = append(piles, r)
			go func() {
				threats, err := w.read(p)
				r <- read{threats, err}
			}()
		}
		r := <-piles[0]
		piles = piles[1:]
		if r.err != nil {
			return r.err
		}
		for _, t := range r.threats {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := yield(*t); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (w *Walk) read(p *pile) ([]*Threat, error) {
	r := replay{map[string]*Threat{}, w.Window}
	err := p.each(func(e ledger.Entry) error {
		return fault.Wrap(r.apply(e), "replaying entry %d of %s", e.Seq, w.Tenant)
	})
	if err != nil {
		return nil, err
	}
	out := make([]*Threat, 0, len(r.threats))
	for _, t := range r.threats {
		t.Page = w.pages[t.Page.ID].Page
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *Threat) int {
		return cmp.Or(cmp.Compare(w.pages[a.Page.ID].place, w.pages[b.Page.ID].place), cmp.Compare(a.Text.At.Start, b.Text.At.Start), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// Replay returns every threat that had been stated by an instant, as Walk orders them, all at once: for one page's worth, or a test's.
func Replay(ctx context.Context, log ledger.Log, id tenant.ID, until time.Time) ([]Threat, error) {
	out := []Threat{}
	w := Walk{Log: log, Tenant: id, Until: until}
	err := w.Run(ctx, func(t Threat) error {
		out = append(out, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
