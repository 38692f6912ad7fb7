package bolt_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
