package main

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/throughline/throughline/app/failpoint"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/store"
)

// TestLostInstall kills the server when it has kept the secret of a repeated install and nobody was told: the site goes on with the one that
// it had. Events and calls go on without anybody's help, and a repetition that the site hears of leaves one secret.
func TestLostInstall(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the server")
	}
	program := build(t, "-tags", "failpoint")
	for product, later := range map[tenant.Product]int{tenant.Jira: 0, tenant.Confluence: 1} { // in the order of installing
		t.Run(string(product), func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(later), 13))
			s, points := newServer(t, openSite(t), "connect"), places{t.TempDir()}
			s.program, s.env = program, append(s.env, failpoint.Folder+"="+points.dir)
			s.start()
			s.install()
			s.settle()
			const place = "after commit app.connectRoute.(*Door).Installed"
			points.arm(t, place, later)
			if err := s.tryInstall(); err == nil || !points.fired(place) {
				t.Fatalf("the server did not die at the install: %v", err)
			}
			<-s.died
			s.start()

			told := s.site.Host().Tally().Sent
			end := s.people(random, 15*time.Millisecond)
			for until := time.Now().Add(20 * time.Second); s.site.Host().Tally().Sent < told+20; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(until) {
					t.Fatal("nobody did anything that the site tells of")
				}
			}
			end()
			s.settle()
			if refused := s.site.Host().Tally().Failed; refused != 0 {
				t.Errorf("%d webhooks were refused", refused)
			}
			s.stop()
			s.compare()
			if s.installation(product).FormerUntil.IsZero() {
				t.Error("no former secret is kept, and the site holds one")
			}
			s.start()
			s.install()
			s.settle()
			s.stop()
			if !s.installation(product).FormerUntil.IsZero() {
				t.Error("a former secret is kept after an install that the site heard of")
			}
		})
	}
}

// installation is what the store of a stopped server has of a product, without secrets.
func (s *server) installation(p tenant.Product) tenant.Installation {
	s.t.Helper()
	db, err := store.Open(s.t.Context(), "bolt://"+filepath.Join(s.dir, "throughline.db"), store.Options{ReadOnly: true})
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	of, err := db.Get(s.t.Context(), s.tenant())
	if err != nil {
		s.t.Fatal(err)
	}
	return of.Installations[p]
}
