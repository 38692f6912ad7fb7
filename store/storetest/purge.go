package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
)

// removed is when the sites of these tests were uninstalled; a purge of what was removed before it spares them.
var removed = installed.Add(time.Hour)

// learn fills a tenant with pages, their threats, ledger entries and jobs.
func learn(t testing.TB, s store.Store, id tenant.ID, pages, threats int) {
	t.Helper()
	for p := range pages {
		page := fmt.Sprint(p)
		c := trace.Change{Tenant: id, Page: &trace.Page{ID: page}, Jobs: []work.Job{{Kind: work.WritePanel, Subject: page}}}
		for i := range threats {
			c.Threats = append(c.Threats, threat.Threat{
				ID: threat.ID(fmt.Sprint("T-", i)), Page: page, State: threat.Open, Ticket: &threat.Ticket{ID: fmt.Sprint(p, "-", i)},
			})
			c.Entries = append(c.Entries, ledger.Entry{Kind: ledger.Stated, Page: page})
		}
		wantNone(t, s.Commit(t.Context(), c))
	}
}

// leave installs both products, learns and uninstalls them.
func leave(t testing.TB, s store.Store, id tenant.ID, pages, threats int) {
	t.Helper()
	for _, p := range []tenant.Product{tenant.Jira, tenant.Confluence} {
		_, err := s.Install(t.Context(), id, installation(p, string(id)+string(p), "secret"))
		wantNone(t, err)
	}
	learn(t, s, id, pages, threats)
	for _, p := range []tenant.Product{tenant.Jira, tenant.Confluence} {
		wantNone(t, s.Uninstall(t.Context(), string(id)+string(p), removed))
	}
}

// wantLearned compares what is there of a tenant.
func wantLearned(t testing.TB, s store.Store, id tenant.ID, pages, threats int) {
	t.Helper()
	found, err := s.Pages(t.Context(), id)
	wantNone(t, err)
	stated, entries := 0, 0
	for _, p := range found {
		record, err := s.Page(t.Context(), id, p.ID)
		wantNone(t, err)
		stated += len(record.Threats)
	}
	wantNone(t, s.Entries(t.Context(), id, 0, func(ledger.Entry) bool { entries++; return true }))
	byIssue, err := s.ByIssue(t.Context(), id, "0-0")
	wantNone(t, err)
	jobs := peek(t, s, work.Filter{Tenant: id})
	want := []int{pages, pages * threats, pages * threats, min(pages*threats, 1), pages}
	if diff := cmp.Diff(want, []int{len(found), stated, entries, len(byIssue), len(jobs)}); diff != "" {
		t.Errorf("pages, threats, entries, threats by issue, jobs of %s: -want +got\n%s", id, diff)
	}
}

func exercisePurge(t *testing.T, open Open) {
	after := removed.Add(time.Second)
	t.Run("deletes everything of a tenant and nothing else", func(t *testing.T) {
		s := start(t, open, store.Options{})
		leave(t, s, acme, 3, 1500)
		leave(t, s, globex, 2, 3)
		accept(t, s, delivery("k", review("9")))
		got, err := s.Purge(t.Context(), acme, after)
		wantNone(t, err)
		if diff := cmp.Diff(tenant.Purged{Pages: 3, Threats: 4500, Entries: 4500, Jobs: 4}, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		for range 2 { // and after a restart
			_, err = s.Get(t.Context(), acme)
			wantKind(t, err, fault.NotFound)
			_, _, err = s.ByClientKey(t.Context(), string(acme)+"jira")
			wantKind(t, err, fault.NotFound)
			wantLearned(t, s, acme, 0, 0)
			wantLearned(t, s, globex, 2, 3)
			wantNone(t, s.Close())
			s = start(t, open, store.Options{})
		}
		_, err = s.Purge(t.Context(), acme, after)
		wantKind(t, err, fault.NotFound)
		if accept(t, s, delivery("k", review("9"))) {
			t.Error("the dedup key went before its time")
		}
	})
	t.Run("never what is installed, or was removed later", func(t *testing.T) {
		s := start(t, open, store.Options{})
		leave(t, s, acme, 1, 1)
		_, err := s.Purge(t.Context(), acme, removed)
		wantKind(t, err, fault.Conflict)
		_, err = s.Install(t.Context(), acme, installation(tenant.Jira, "again", "secret"))
		wantNone(t, err)
		_, err = s.Purge(t.Context(), acme, after)
		wantKind(t, err, fault.Conflict)
		wantLearned(t, s, acme, 1, 1)
		_, err = s.Purge(t.Context(), globex, after)
		wantKind(t, err, fault.NotFound)
		learn(t, s, globex, 1, 1) // has records, was never installed
		_, err = s.Purge(t.Context(), globex, after)
		if err == nil {
			t.Error("a tenant that was never installed was purged")
		}
	})
	t.Run("one that comes back later begins anew", func(t *testing.T) {
		s := start(t, open, store.Options{})
		for range 2 { // and can be purged again
			leave(t, s, acme, 1, 2)
			wantLearned(t, s, acme, 1, 2)
			_, err := s.Purge(t.Context(), acme, after)
			wantNone(t, err)
			wantLearned(t, s, acme, 0, 0)
		}
	})
	t.Run("not while a job runs", func(t *testing.T) {
		s := start(t, open, store.Options{})
		leave(t, s, acme, 1, 1)
		began, goOn := make(chan work.Job), make(chan bool)
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome { began <- job; <-goOn; return work.Outcome{} }))
		next(t, "the job", began)
		_, err := s.Purge(t.Context(), acme, after)
		wantKind(t, err, fault.Busy)
		goOn <- true
		settle(t, s)
		_, err = s.Purge(t.Context(), acme, after)
		wantNone(t, err)
	})
	t.Run("beside installs of the same tenant", func(t *testing.T) {
		for range 20 {
			s := start(t, open, store.Options{})
			leave(t, s, acme, 2, 2)
			var won atomic.Bool
			done := make(chan bool)
			go func() {
				defer close(done)
				_, err := s.Purge(t.Context(), acme, after)
				won.Store(err == nil)
				if err != nil && !fault.Is(err, fault.Conflict) {
					t.Error(err)
				}
			}()
			_, err := s.Install(t.Context(), acme, installation(tenant.Jira, "again", "secret"))
			wantNone(t, err)
			<-done
			pages, err := s.Pages(t.Context(), acme)
			wantNone(t, err)
			got, err := s.Get(t.Context(), acme)
			wantNone(t, err)
			switch {
			case got.Installations[tenant.Jira].Secret.Reveal() != "secret":
				t.Fatal("the installation is gone")
			case won.Load() && len(pages) != 0 || !won.Load() && len(pages) != 2:
				t.Fatalf("purged %v, and %d pages are there", won.Load(), len(pages))
			}
			_, err = s.Purge(t.Context(), acme, after)
			wantKind(t, err, fault.Conflict)
			if won.Load() {
				wantNone(t, s.Uninstall(t.Context(), "again", removed))
				_, err = s.Purge(t.Context(), acme, after)
				wantNone(t, err)
			} else {
				wantLearnedWithoutJobs(t, s, acme, 2, 2)
				wantNone(t, s.Uninstall(t.Context(), "again", removed))
				_, err = s.Purge(t.Context(), acme, after)
				wantNone(t, err)
			}
			wantNone(t, s.Close())
		}
	})
}

// wantLearnedWithoutJobs is wantLearned after a purge that an installation ended: jobs may be gone.
func wantLearnedWithoutJobs(t testing.TB, s store.Store, id tenant.ID, pages, threats int) {
	t.Helper()
	stated := 0
	for p := range pages {
		record, err := s.Page(t.Context(), id, fmt.Sprint(p))
		wantNone(t, err)
		stated += len(record.Threats)
	}
	if stated != pages*threats {
		t.Errorf("%d threats are left of %d", stated, pages*threats)
	}
}
