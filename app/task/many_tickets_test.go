package task

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
)

// BenchmarkWebhook applies webhooks, one after the other, to a site of 5,000 pages with 100,000 open tickets: from the bytes through the
// durable queue to the ledger, every commit synced to the disk. work-ms/op is the part that is spent in the handlers, their commits
// included; heap-MB is what is in use in the end.
func BenchmarkWebhook(b *testing.B) {
	for _, pages := range []int{50, 5000} {
		b.Run(fmt.Sprintf("tickets=%d", pages*20), func(b *testing.B) { benchmarkWebhook(b, pages, 20) })
	}
}

func benchmarkWebhook(b *testing.B, pages, each int) {
	s, err := store.Open(b.Context(), "bolt://"+filepath.Join(b.TempDir(), "throughline.db"), store.Options{Key: make([]byte, 32)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	fill(b, s, pages, each)
	desk := &Desk{Book: s, Policy: DefaultPolicy(), Now: time.Now, Log: slog.New(slog.DiscardHandler), Count: uncounted{}}
	sync := desk.Handlers()[work.SyncTicket]
	applied := make(chan work.Outcome)
	var busy time.Duration // written by one job at a time
	handlers := map[work.Kind]work.Handler{
		work.WritePanel: func(context.Context, work.Job) work.Outcome { return work.Outcome{} },
		work.SyncTicket: func(ctx context.Context, job work.Job) work.Outcome {
			begun := time.Now()
			out := sync(ctx, job)
			busy += time.Since(begun)
			if strings.Contains(job.Subject, "@") || out != (work.Outcome{}) {
				applied <- out
			}
			return out
		},
	}
	ctx, end := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, handlers) }()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		id := n * 7919 % (pages * each) // far from the one before
		from, fromID, status, statusID, category := "To Do", 1, "In Progress", 3, "indeterminate"
		if n/(pages*each)%2 == 1 {
			from, fromID, status, statusID, category = status, statusID, from, fromID, "new"
		}
		n++
		at := noon.Add(time.Duration(n) * time.Second)
		body := fmt.Sprintf(`{"timestamp":%d,"webhookEvent":"jira:issue_updated","user":{"accountId":"ann"},"issue":{"id":"%d","key":"SEC-%d","fields":{"summary":"x","updated":%q,`+
			`"status":{"id":"%d","name":%q,"statusCategory":{"key":%q}},"labels":["throughline"],"project":{"key":"SEC"}}},`+
			`"changelog":{"id":"%d","items":[{"field":"status","fieldId":"status","from":"%d","fromString":%q,"to":"%d","toString":%q}]}}`,
			at.UnixMilli(), id, id, at.Format("2006-01-02T15:04:05.000-0700"), statusID, status, category, n, fromID, from, statusID, status)
		d, err := event.Delivery(event.Event{Product: tenant.Jira, Name: "jira:issue_updated", Seen: at, Body: []byte(body)})
		if err != nil {
			b.Fatal(err)
		}
		d.Tenant = site
		if fresh, err := s.Accept(b.Context(), d); err != nil || !fresh {
			b.Fatalf("accepted %v: %v", fresh, err)
		}
		if out := <-applied; out != (work.Outcome{}) {
			b.Fatalf("outcome %+v", out)
		}
	}
	b.StopTimer()
	end()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	last := (n - 1) * 7919 % (pages * each)
	threats, err := s.ByIssue(b.Context(), site, fmt.Sprint(last))
	if err != nil || len(threats) != 1 || !threats[0].Ticket.Updated.Equal(noon.Add(time.Duration(n)*time.Second)) {
		b.Fatalf("the last event was not applied: %+v, %v", threats, err)
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(busy.Microseconds())/1000/float64(n), "work-ms/op")
	b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "heap-MB")
}

// fill puts pages on record whose threats have open tickets.
func fill(b *testing.B, s trace.Book, pages, each int) {
	b.Helper()
	var all errgroup.Group
	all.SetLimit(64) // they share commits
	for p := range pages {
		all.Go(func() error {
			c := trace.Change{Tenant: site, Page: &trace.Page{ID: fmt.Sprint(p), Title: "Service", Version: 1}}
			for i := range each {
				id := p*each + i
				text := stated("Forged webhooks", fmt.Sprintf("Anybody can post forged webhooks to endpoint %d", id), 200*i, "Verify signatures")
				c.Threats = append(c.Threats, threat.Threat{ID: threat.ID(fmt.Sprintf("T-%d", id)), Page: fmt.Sprint(p), State: threat.Open, Text: text, Last: 1, Ticket: &threat.Ticket{
					ID: fmt.Sprint(id), Key: fmt.Sprintf("SEC-%d", id), URL: fmt.Sprintf("https://x.test/browse/SEC-%d", id), Status: "To Do", StatusID: "1", Category: threat.ToDo, Linked: true,
				}})
			}
			return s.Commit(b.Context(), c)
		})
	}
	if err := all.Wait(); err != nil {
		b.Fatal(err)
	}
}
