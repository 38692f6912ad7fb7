package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/forge"
	"github.com/throughline/throughline/app/sandbox/host"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/task"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/descriptor"
	"github.com/throughline/throughline/store"
)

// TestKill kills the server with SIGKILL at random moments while people work on its site, starts it again on the same data, and
// compares site and store: no event that was acknowledged is lost, no ticket is filed twice, none is bound to another threat. Each
// front door has a share of the kills.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the server many times")
	}
	const together = 17 // kills of one store, between two comparisons
	rounds := make(chan int)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for n := range rounds {
				door := killedDoors[n%len(killedDoors)]
				t.Run(fmt.Sprintf("%s, store %d", door, n), func(t *testing.T) { killOften(t, door, together, rand.New(rand.NewPCG(uint64(n), 7))) })
			}
		})
	}
	for n := range soak(12, 60) {
		rounds <- n
	}
	close(rounds)
	workers.Wait()
}

// killedDoors are the ways in, of which each is killed at.
var killedDoors = [...]string{"connect", forgeDoor, "account"}

func killOften(t *testing.T, door string, kills int, random *rand.Rand) {
	s := newServer(t, openSite(t), door)
	s.start()
	s.install()
	end := s.people(random, 15*time.Millisecond)
	for range kills {
		// Most of the work follows the start, when what was cut off is taken up again.
		time.Sleep(time.Duration(random.ExpFloat64() * float64(150*time.Millisecond)))
		s.kill()
		s.start()
	}
	end()
	s.settle()
	s.stop()
	s.compare()
}

// openSite is a site that repeats its events until somebody takes them.
func openSite(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	often := slices.Repeat([]time.Duration{200 * time.Millisecond}, 50)
	local, err := sandbox.New(sandbox.Options{Pages: seed.Demo(), Issues: seed.Issues(), Retry: often, ForgeRetry: often})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close() })
	return local
}

func labelled(labels []string) bool {
	for _, l := range labels {
		if strings.HasPrefix(l, task.Label+"-") {
			return true
		}
	}
	return false
}

// server is `throughline serve` as a process of its own, with the site that it works on.
type server struct {
	t       *testing.T
	site    *sandbox.Sandbox
	door    string
	program string
	dir     string
	addr    string
	url     string
	env     []string
	cmd     *exec.Cmd
	died    chan struct{} // closed when cmd has ended
	ended   error         // how; to be read after died
	log     bytes.Buffer

	installs int // that were tried
}

func newServer(t *testing.T, local *sandbox.Sandbox, door string) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, site: local, door: door, dir: t.TempDir(), addr: l.Addr().String()}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if s.program, err = exec.LookPath("throughline"); err != nil { // this very test binary, see TestMain
		t.Fatal(err)
	}
	s.url = "http://" + s.addr
	s.env = append(os.Environ(), "THROUGHLINE_DEV=1", "THROUGHLINE_PROJECT=SEC", "THROUGHLINE_DATA="+s.dir, "THROUGHLINE_ADDR="+s.addr,
		"THROUGHLINE_BASE_URL="+s.url, "THROUGHLINE_CONNECT_KEYS_URL="+local.KeysURL(), "THROUGHLINE_GATHER=50ms", "THROUGHLINE_INDEX_WAIT=1s")
	switch door {
	case forgeDoor:
		s.env = append(s.env, "THROUGHLINE_POLL=0", "THROUGHLINE_FORGE_APP_ID="+demoForgeApp, "THROUGHLINE_FORGE_JWKS_URL="+local.JWKS())
	case "account":
		who := local.Credentials()[0]
		s.env = append(s.env, "THROUGHLINE_POLL=1s", "THROUGHLINE_SITE_URL="+local.BaseURL(), "THROUGHLINE_SITE_EMAIL="+who.Email,
			"THROUGHLINE_SITE_TOKEN="+who.Token, "THROUGHLINE_HOOK_SECRET="+hookSecret)
	default:
		s.env = append(s.env, "THROUGHLINE_POLL=0")
	}
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.log.String())
		}
	})
	return s
}

// install lets the server in through its door. It fails when the server dies meanwhile; then it may be repeated.
func (s *server) tryInstall() error {
	switch s.door {
	case forgeDoor:
		if s.installs++; s.installs%2 == 1 {
			_, err := s.site.Forge().Install(forge.Order{Remote: s.url, AppID: demoForgeApp})
			return err
		}
		// A token that is good for longer than the one that is known, as each hour brings it.
		return errors.Join(s.site.Forge().SetTokenLife(demoForgeApp, time.Duration(2+s.installs)*time.Hour), s.site.Forge().Schedule(demoForgeApp))
	case "account":
		return s.site.Host().AddHook(host.Hook{Product: host.Jira, URL: s.url + "/hook/jira", Secret: hookSecret})
	}
	for _, product := range descriptor.Products() {
		if _, err := s.site.Install(s.t.Context(), s.url+descriptor.SelfPath(product)); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) install() {
	s.t.Helper()
	if err := s.tryInstall(); err != nil {
		s.t.Fatal(err)
	}
}

// people work on the site until end is called.
func (s *server) people(random *rand.Rand, pause time.Duration) (end func()) {
	ctx, stop := context.WithCancel(s.t.Context())
	var busy sync.WaitGroup
	tr := &traffic{Rand: rand.New(rand.NewPCG(random.Uint64(), 1)), site: s.site, pause: pause, pages: 40}
	busy.Go(func() { tr.run(ctx) })
	return func() { stop(); busy.Wait() }
}

// tenant is the site as the server knows it.
func (s *server) tenant() tenant.ID {
	if s.door == forgeDoor {
		return tenant.ID(s.site.Forge().CloudID())
	}
	return tenant.ID(strings.TrimPrefix(s.site.BaseURL(), "http://"))
}

func (s *server) start() {
	s.t.Helper()
	if !s.tryStart() {
		s.t.Fatalf("the server is not ready:\n%s", s.log.String())
	}
}

// tryStart starts the server and reports whether it is ready; false when it dies before.
func (s *server) tryStart() bool {
	s.t.Helper()
	s.cmd = exec.Command(s.program, "serve")
	s.cmd.Env, s.cmd.Stderr, s.cmd.Stdout = s.env, &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.died = make(chan struct{})
	go func(cmd *exec.Cmd, died chan struct{}) {
		s.ended = cmd.Wait()
		close(died)
	}(s.cmd, s.died)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		resp, err := http.Get(s.url + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return true
			}
		}
		select {
		case <-s.died:
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
	return false
}

func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill() // it may have died by itself
		<-s.died
		s.cmd = nil
	}
}

func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	<-s.died
	if s.ended != nil {
		s.t.Errorf("the server ended with %v", s.ended)
	}
	s.cmd = nil
}

// settle waits until the site has nothing to deliver and the server nothing to do, nor finds anything in its next look at the site.
func (s *server) settle() {
	s.t.Helper()
	calm := 3
	if !slices.Contains(s.env, "THROUGHLINE_POLL=0") || slices.Contains(s.env, "THROUGHLINE_POLL=1s") {
		calm = 75 // longer than the pause between two looks
	}
	var out bytes.Buffer
	quiet := 0
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		out.Reset()
		quiet++
		var list struct{ Jobs []work.Job }
		if run(s.t.Context(), []string{"jobs", "--data", s.dir, "--json"}, &out, &out) != 0 || json.Unmarshal(out.Bytes(), &list) != nil {
			quiet = 0
		}
		looks := func(j work.Job) bool { return j.Kind == work.Sweep || j.Kind == work.AuditTickets }
		if s.site.Host().Tally().Pending+s.site.Forge().Tally().Pending > 0 || len(slices.DeleteFunc(list.Jobs, looks)) > 0 {
			quiet = 0
		}
		if quiet == calm {
			return
		}
	}
	s.t.Fatalf("the server never came to rest: webhooks %+v, jobs:\n%s", s.site.Host().Tally(), out.String())
}

// compare holds the site's state against the store's.
func (s *server) compare() {
	s.t.Helper()
	t, local, id := s.t, s.site, s.tenant()
	db, err := store.Open(t.Context(), "bolt://"+filepath.Join(s.dir, "throughline.db"), store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	byThreat := map[string]string{} // threat → key of its ticket, by the marker in the site
	for _, i := range local.Jira().Issues() {
		for _, l := range i.Labels {
			if th, ok := strings.CutPrefix(l, task.Label+"-"); ok {
				if byThreat[th] != "" {
					t.Errorf("%s and %s were both filed for %s", byThreat[th], i.Key, th)
				}
				byThreat[th] = i.Key
			}
		}
	}
	for _, p := range local.Confluence().Pages() {
		rec, err := db.Page(t.Context(), id, p.ID)
		switch trashed := p.Status != confluence.Current; {
		case err != nil && trashed && fault.Is(err, fault.NotFound):
			continue // it went before anybody could look
		case err != nil:
			t.Errorf("page %q: %v", p.Title, err)
			continue
		case rec.Page.Removed != trashed:
			t.Errorf("page %q is %s, and known as removed: %v", p.Title, p.Status, rec.Page.Removed)
		case trashed:
		case rec.Page.Version != p.Version().Number || rec.Page.Hash != storage.HashOutside([]byte(p.Version().Body)):
			t.Errorf("page %q is known in version %d, and is in %d", p.Title, rec.Page.Version, p.Version().Number)
		}
		for _, th := range rec.Threats {
			s.compareThreat(p, th, byThreat)
			delete(byThreat, string(th.ID))
		}
	}
	for th, key := range byThreat {
		t.Errorf("%s was filed for %s, which the store does not know", key, th)
	}
	left, err := db.Peek(t.Context(), work.Filter{})
	left = slices.DeleteFunc(left, func(j work.Job) bool { return j.Ahead(time.Time{}) || j.Kind == work.Sweep }) // the next look at the site
	if err != nil || len(left) > 0 {
		t.Errorf("jobs are left: %+v, %v", left, err)
	}
	if _, err := evidence.Replay(t.Context(), db, id, time.Now()); err != nil {
		t.Errorf("the ledger cannot be replayed: %v", err)
	}
}

// compareThreat holds a threat against its page, and the ticket that the site has for it by its marker.
func (s *server) compareThreat(p confluence.Page, th threat.Threat, byThreat map[string]string) {
	s.t.Helper()
	t, trashed := s.t, p.Status != confluence.Current
	switch {
	case th.Intent != nil:
		t.Errorf("%s of %q waits for a ticket that nobody looks for", th.ID, p.Title)
	case th.Ticket == nil && trashed && byThreat[string(th.ID)] == "":
	case th.Ticket == nil:
		t.Errorf("%s of %q has no ticket, and the site's is %q", th.ID, p.Title, byThreat[string(th.ID)])
	case !th.Ticket.ByPage && th.Ticket.Key != byThreat[string(th.ID)]:
		t.Errorf("%s is bound to %s, and the site's ticket for it is %q", th.ID, th.Ticket.Key, byThreat[string(th.ID)])
	case !th.Ticket.Linked:
		t.Errorf("%s is not linked back", th.Ticket.Key)
	default:
		// Jira repeats what nobody acknowledged, and without polling no sweep reads tickets: had an acknowledged event been lost, this would differ.
		issue, _ := s.site.Jira().Issue(th.Ticket.Key)
		want := threat.Follow(threat.Open, threat.Category(issue.Status.Category))
		if trashed {
			want = threat.Withdrawn
		}
		if th.State != want {
			t.Errorf("%s is %q in the site, and its threat %s is %s", issue.Key, issue.Status.Name, th.ID, th.State)
		}
		if !trashed && !shows(p, th.ID, th.State) {
			t.Errorf("the panel of %q does not show %s as %s", p.Title, th.ID, th.State)
		}
	}
}
