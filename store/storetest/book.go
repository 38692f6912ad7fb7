package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
)

func page(id string, rev int) *trace.Page {
	return &trace.Page{ID: id, Rev: rev, Title: "Login design", Space: "SEC", URL: "https://acme.atlassian.net/wiki/x", Version: 3, Reviewed: noon}
}

func stated(page, id string, start int) threat.Threat {
	moment := threat.Moment{Occurred: noon, Observed: noon, Recorded: noon, Version: 3, By: "5b10a"}
	return threat.Threat{
		ID: threat.ID(id), Page: page, State: threat.Open, First: 1, Last: 3, Stated: moment, Moved: moment,
		Text: threat.Text{Title: "Session fixation", Quote: "A session may be fixed.", At: document.Span{Start: start, End: start + 10}, Origin: threat.Stated},
	}
}

func ids(of []threat.Threat) (out []threat.ID) {
	for _, one := range of {
		out = append(out, one.ID)
	}
	return out
}

func exerciseBook(t *testing.T, open Open) {
	t.Run("a first commit", func(t *testing.T) {
		s := start(t, open, store.Options{})
		_, err := s.Page(t.Context(), acme, "1")
		wantKind(t, err, fault.NotFound)
		late, gone, early := stated("1", "T-B", 500), stated("1", "T-0", 1), stated("1", "T-C", 20)
		gone.State, gone.Was = threat.Withdrawn, threat.Open
		late.Ticket = &threat.Ticket{ID: "10001", Key: "SEC-1", Updated: noon.In(time.FixedZone("CET", 3600))}
		late.Intent = &threat.Intent{Marker: "m", At: noon}
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Page: page("1", 0), Threats: []threat.Threat{late, gone, early}}))
		wantNone(t, s.Close())

		s = start(t, open, store.Options{})
		got, err := s.Page(t.Context(), acme, "1")
		wantNone(t, err)
		late.Rev, gone.Rev, early.Rev = 1, 1, 1
		late.Ticket = &threat.Ticket{ID: "10001", Key: "SEC-1", Updated: noon}
		if diff := cmp.Diff(trace.Record{Page: *page("1", 1), Threats: []threat.Threat{early, late, gone}}, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
	t.Run("conflicts", func(t *testing.T) {
		s := start(t, open, store.Options{})
		old := stated("1", "T-1", 1)
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Page: page("1", 0), Threats: []threat.Threat{old}}))
		current := old
		current.Rev = 1
		entry := []ledger.Entry{{Kind: ledger.Stated}}
		jobs := []work.Job{review("1")}
		for name, c := range map[string]trace.Change{
			"a page that exists":        {Page: page("1", 0), Entries: entry, Jobs: jobs},
			"a newer page":              {Page: page("1", 2)},
			"a page that does not":      {Page: page("2", 1)},
			"an old threat":             {Page: page("1", 1), Threats: []threat.Threat{stated("1", "T-2", 1), old}, Jobs: jobs},
			"a threat that is not":      {Threats: []threat.Threat{{ID: "T-9", Page: "1", Rev: 1}}},
			"another tenant's page rev": {Tenant: globex, Page: page("1", 1)},
		} {
			if c.Tenant == "" {
				c.Tenant = acme
			}
			if err := s.Commit(t.Context(), c); !fault.Is(err, fault.Conflict) {
				t.Errorf("%s: got %v, want a conflict", name, err)
			}
		}
		got, err := s.Page(t.Context(), acme, "1")
		wantNone(t, err)
		if got.Page.Rev != 1 || len(got.Threats) != 1 || got.Threats[0].Rev != 1 || len(peek(t, s, work.Filter{})) != 0 {
			t.Errorf("got %+v: a refused change left a trace", got)
		}
		wantNone(t, s.Entries(t.Context(), acme, 0, func(e ledger.Entry) bool { t.Errorf("a refused change left %+v", e); return true }))
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Page: page("1", 1), Threats: []threat.Threat{current}}))
	})
	t.Run("what cannot be committed", func(t *testing.T) {
		s := start(t, open, store.Options{})
		twice := []threat.Threat{stated("1", "T-1", 1), stated("1", "T-1", 1)}
		for name, c := range map[string]trace.Change{
			"no tenant":            {Page: page("1", 0)},
			"no page id":           {Tenant: acme, Page: page("", 0)},
			"a threat twice":       {Tenant: acme, Page: page("1", 0), Threats: twice},
			"a threat of no page":  {Tenant: acme, Threats: []threat.Threat{stated("", "T-1", 1)}},
			"of an unknown page":   {Tenant: acme, Threats: []threat.Threat{stated("1", "T-1", 1)}},
			"a job without kind":   {Tenant: acme, Jobs: []work.Job{{Subject: "1"}}},
			"an id with a NUL":     {Tenant: acme, Page: page("1\x002", 0)},
			"a threat id too long": {Tenant: acme, Page: page("1", 0), Threats: []threat.Threat{stated("1", fmt.Sprintf("%2000d", 1), 1)}},
		} {
			if err := s.Commit(t.Context(), c); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: got %v, want it refused as invalid", name, err)
			}
		}
	})
	t.Run("moves that no threat may make", func(t *testing.T) {
		s := start(t, open, store.Options{})
		t1 := stated("1", "T-1", 1)
		move := func(from, to threat.State) ledger.Entry {
			return ledger.Entry{Kind: ledger.Moved, Page: "1", Threat: "T-1", Data: ledger.Encode(ledger.MoveFact{From: from, To: to})}
		}
		for name, to := range map[string]threat.State{"verified at once": threat.Verified, "to nowhere": "gone"} {
			t1.State = to
			c := trace.Change{Tenant: acme, Page: page("1", 0), Threats: []threat.Threat{t1}, Entries: []ledger.Entry{move("", threat.Open), move(threat.Open, to)}}
			wantKind(t, s.Commit(t.Context(), c), fault.Internal)
			if _, err := s.Page(t.Context(), acme, "1"); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: a refused change left a page: %v", name, err)
			}
		}
		t1.State = threat.Open
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Page: page("1", 0), Threats: []threat.Threat{t1}, Entries: []ledger.Entry{move("", threat.Open)}}))
	})
	t.Run("of two at once one wins", func(t *testing.T) {
		s := start(t, open, store.Options{})
		var won, lost atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				err := s.Commit(t.Context(), trace.Change{Tenant: acme, Page: page("1", 0), Threats: []threat.Threat{stated("1", "T-1", 1)}, Entries: []ledger.Entry{{Kind: ledger.Stated}}})
				switch {
				case err == nil:
					won.Add(1)
				case fault.Is(err, fault.Conflict):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || lost.Load() != 19 {
			t.Errorf("%d won, %d lost", won.Load(), lost.Load())
		}
	})
	t.Run("by issue", func(t *testing.T) {
		s := start(t, open, store.Options{})
		holds := func(id tenant.ID, issue string, want ...threat.ID) {
			t.Helper()
			found, err := s.ByIssue(t.Context(), id, issue)
			wantNone(t, err)
			if diff := cmp.Diff(want, ids(found)); diff != "" {
				t.Errorf("threats of issue %s (-want +got)\n%s", issue, diff)
			}
		}
		one := stated("1", "T-1", 1)
		one.Ticket = &threat.Ticket{ID: "100", Key: "SEC-1"}
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Page: page("1", 0), Threats: []threat.Threat{one}}))
		holds(acme, "100", "T-1")
		holds(acme, "10")
		holds(globex, "100")

		one.Rev, one.Ticket = 1, &threat.Ticket{ID: "200", Key: "OPS-7"}
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Threats: []threat.Threat{one}}))
		holds(acme, "100")
		found, err := s.ByIssue(t.Context(), acme, "200")
		wantNone(t, err)
		if len(found) != 1 || found[0].Rev != 2 {
			t.Errorf("got %+v, want the one threat at rev 2", found)
		}

		beside, elsewhere := stated("1", "T-2", 1), stated("0", "T-9", 1)
		beside.Ticket, elsewhere.Ticket = one.Ticket, one.Ticket
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Threats: []threat.Threat{beside}}))
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Page: page("0", 0), Threats: []threat.Threat{elsewhere}}))
		holds(acme, "200", "T-9", "T-1", "T-2")
		one.Rev, one.Ticket = 2, nil
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Threats: []threat.Threat{one}}))
		holds(acme, "200", "T-9", "T-2")
	})
	t.Run("pages", func(t *testing.T) {
		s := start(t, open, store.Options{})
		for _, id := range []string{"20", "100", "3"} {
			wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Page: page(id, 0)}))
		}
		pages, err := s.Pages(t.Context(), acme)
		wantNone(t, err)
		var got []string
		for _, p := range pages {
			got = append(got, p.ID)
		}
		if diff := cmp.Diff([]string{"100", "20", "3"}, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if pages, err := s.Pages(t.Context(), globex); err != nil || len(pages) != 0 {
			t.Errorf("another tenant sees %v, %v", pages, err)
		}
	})
	t.Run("pages whose ids begin alike", func(t *testing.T) {
		s := start(t, open, store.Options{})
		for _, id := range []string{"1", "10", "1-0"} {
			wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Page: page(id, 0), Threats: []threat.Threat{stated(id, "T-"+id, 1)}}))
		}
		got, err := s.Page(t.Context(), acme, "1")
		wantNone(t, err)
		if diff := cmp.Diff([]threat.ID{"T-1"}, ids(got.Threats)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
	t.Run("follow-up jobs merge", func(t *testing.T) {
		s := start(t, open, store.Options{})
		accept(t, s, delivery("k", review("1")))
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Page: page("1", 0), Jobs: []work.Job{review("1"), {Kind: work.WritePanel, Subject: "1"}}}))
		if jobs := peek(t, s, work.Filter{}); len(jobs) != 2 {
			t.Errorf("got %+v, want two", jobs)
		}
	})
}

func exerciseLedger(t *testing.T, open Open) {
	read := func(t *testing.T, s store.Store, from uint64) (got []ledger.Entry) {
		t.Helper()
		wantNone(t, s.Entries(t.Context(), acme, from, func(e ledger.Entry) bool { got = append(got, e); return true }))
		return got
	}
	t.Run("a clock that is set back", func(t *testing.T) {
		now := noon
		s := start(t, open, store.Options{Clock: func() time.Time { return now }})
		for i, at := range []time.Time{noon, noon.Add(-time.Hour), noon.Add(time.Second)} {
			now = at
			id := fmt.Sprint(i)
			wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Page: page(id, 0), Entries: []ledger.Entry{{Kind: ledger.Reviewed, Page: id}}}))
		}
		var got []time.Time
		for _, e := range read(t, s, 0) {
			got = append(got, e.Recorded)
		}
		if diff := cmp.Diff([]time.Time{noon, noon, noon.Add(time.Second)}, got); diff != "" {
			t.Errorf("recorded (-want +got):\n%s", diff)
		}
	})
	t.Run("numbers without gaps", func(t *testing.T) {
		s := start(t, open, store.Options{})
		if got := read(t, s, 0); len(got) != 0 {
			t.Errorf("got %v from an empty ledger", got)
		}
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				c := trace.Change{Tenant: acme, Page: page(fmt.Sprint(i), 0), Entries: []ledger.Entry{
					{Kind: ledger.Reviewed, Page: fmt.Sprint(i), Occurred: noon.In(time.FixedZone("CET", 3600)), Seq: 77},
					{Kind: ledger.Stated, Page: fmt.Sprint(i), Data: []byte(`{"n":1}`)},
				}}
				if err := s.Commit(t.Context(), c); err != nil {
					t.Error(err)
				}
				if err := s.Commit(t.Context(), c); !fault.Is(err, fault.Conflict) { // takes no number
					t.Error(err)
				}
			})
		}
		all.Wait()
		wantNone(t, s.Close())
		s = start(t, open, store.Options{})
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Entries: []ledger.Entry{{Kind: ledger.Filed}}}))
		got := read(t, s, 0)
		if len(got) != 41 {
			t.Fatalf("got %d entries, want 41", len(got))
		}
		for i, e := range got {
			if e.Seq != uint64(i) || e.Recorded.IsZero() || e.Recorded.Location() != time.UTC {
				t.Errorf("entry %d: seq %d, recorded %v", i, e.Seq, e.Recorded)
			}
			if i < 40 && i%2 == 1 && (e.Page != got[i-1].Page || !got[i-1].Occurred.Equal(noon) || string(e.Data) != `{"n":1}`) {
				t.Errorf("entries %d and %d are not one commit's, in its order: %+v", i-1, i, got[i-1:i+1])
			}
		}
		if rest := read(t, s, 39); len(rest) != 2 || rest[0].Seq != 39 {
			t.Errorf("from 39: got %+v", rest)
		}
	})
	t.Run("is the tenant's own", func(t *testing.T) {
		s := start(t, open, store.Options{})
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: globex, Entries: []ledger.Entry{{Kind: ledger.Filed}}}))
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Entries: []ledger.Entry{{Kind: ledger.Bound}}}))
		if got := read(t, s, 0); len(got) != 1 || got[0].Seq != 0 || got[0].Kind != ledger.Bound {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("reading may stop, and write", func(t *testing.T) {
		s := start(t, open, store.Options{})
		entries := make([]ledger.Entry, 600)
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Entries: entries}))
		n := 0
		wantNone(t, s.Entries(t.Context(), acme, 0, func(ledger.Entry) bool {
			if n++; n%200 == 0 {
				wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Entries: entries[:1]}))
			}
			return n < 500
		}))
		if n != 500 {
			t.Errorf("read %d entries, want to have stopped at 500", n)
		}
	})
	t.Run("a change that cannot be encoded takes nothing with it", func(t *testing.T) {
		s := start(t, open, store.Options{})
		err := s.Commit(t.Context(), trace.Change{Tenant: acme, Page: page("1", 0), Entries: []ledger.Entry{{Kind: ledger.Stated, Data: []byte("{")}}})
		var f *fault.Error
		if err == nil || (errors.As(err, &f) && f.Kind == fault.Busy) {
			t.Errorf("got %v, want it refused for good", err)
		}
		_, err = s.Page(t.Context(), acme, "1")
		wantKind(t, err, fault.NotFound)
	})
}
