package bolt_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
	"github.com/throughline/throughline/store/storetest"
)

var masterKey = []byte("0123456789abcdef0123456789abcdef")

func open(t testing.TB, path string, o store.Options) store.Store {
	t.Helper()
	if o.Key == nil && !o.ReadOnly {
		o.Key = masterKey
	}
	s, err := store.Open(t.Context(), "bolt://"+path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// BenchmarkAccept is what a storm of webhooks costs: 64 senders, each delivery new, for 500 pages of one site.
func BenchmarkAccept(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "bench.db"), store.Options{})
	var n atomic.Int64
	var took [64][]time.Duration
	var sender atomic.Int64
	b.SetParallelism(32) // times GOMAXPROCS
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		mine := &took[(sender.Add(1)-1)%64]
		for pb.Next() {
			i := n.Add(1)
			began := time.Now()
			d := work.Delivery{
				Tenant: "acme.atlassian.net", Key: fmt.Sprintf("page_updated:%d:%d", i%500, i), Seen: began,
				Jobs: []work.Job{{Kind: work.ReviewPage, Subject: fmt.Sprint(i % 500), RunAt: began, Occurred: began, Observed: began}},
			}
			if _, err := s.Accept(context.Background(), d); err != nil {
				b.Error(err)
				return
			}
			*mine = append(*mine, time.Since(began))
		}
	})
	b.StopTimer()
	all := slices.Concat(took[:]...)
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "accepts/s")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(all[len(all)-1].Microseconds())/1000, "max-ms")
}

// BenchmarkRun is what a job costs from Accept to its removal, with 64 senders and the default workers.
func BenchmarkRun(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "bench.db"), store.Options{})
	var ran atomic.Int64
	ctx, cancel := context.WithCancel(b.Context())
	all, done := make(chan bool), make(chan error)
	go func() {
		done <- s.Run(ctx, map[work.Kind]work.Handler{work.ReviewPage: func(context.Context, work.Job) work.Outcome {
			if ran.Add(1) == int64(b.N) {
				close(all)
			}
			return work.Outcome{}
		}})
	}()
	var n atomic.Int64
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			page := fmt.Sprint(n.Add(1))
			d := work.Delivery{Tenant: "acme.atlassian.net", Key: page, Jobs: []work.Job{{Kind: work.ReviewPage, Subject: page}}}
			if _, err := s.Accept(context.Background(), d); err != nil {
				b.Error(err)
				return
			}
		}
	})
	<-all
	b.StopTimer()
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
}

// BenchmarkCommit is one review of a page with 2,000 threats that changes all of them.
func BenchmarkCommit(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "bench.db"), store.Options{})
	c := trace.Change{Tenant: "acme.atlassian.net", Page: &trace.Page{ID: "1"}}
	for i := range 2000 {
		c.Threats = append(c.Threats, threat.Threat{
			ID: threat.ID(fmt.Sprintf("T-%06d", i)), Page: "1", State: threat.Open,
			Text: threat.Text{Title: "Session replay", Quote: strings.Repeat("An attacker replays a stolen session. ", 10)},
		})
		c.Entries = append(c.Entries, ledger.Entry{Kind: ledger.Changed, Page: "1"})
	}
	for b.Loop() {
		if err := s.Commit(b.Context(), c); err != nil {
			b.Fatal(err)
		}
		c.Page.Rev++
		for i := range c.Threats {
			c.Threats[i].Rev++
		}
	}
}

func TestExercise(t *testing.T) {
	var mu sync.Mutex
	paths := map[testing.TB]string{}
	storetest.Exercise(t, func(t testing.TB, o store.Options) (store.Store, error) {
		mu.Lock()
		defer mu.Unlock()
		if paths[t] == "" {
			paths[t] = filepath.Join(t.TempDir(), "data", "throughline.db")
		}
		return store.Open(t.Context(), "bolt://"+paths[t], o)
	})
}
