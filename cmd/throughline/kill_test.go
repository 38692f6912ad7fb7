package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/task"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/descriptor"
	"github.com/throughline/throughline/store"
)

// kills is how many first reviews are cut off, each at a moment of its own.
const kills = 50

// TestKill kills the server with SIGKILL during a first review while people move its tickets, starts it again on the same data,
// and compares site and store: no event that was acknowledged is lost, no ticket is filed twice, none is bound to another threat.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the server many times")
	}
	rounds := make(chan int)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for n := range rounds {
				t.Run(fmt.Sprintf("moment %d", n), func(t *testing.T) { killOnce(t, rand.New(rand.NewPCG(uint64(n), 7))) })
			}
		})
	}
	for n := range kills {
		rounds <- n
	}
	close(rounds)
	wg.Wait()
}

func killOnce(t *testing.T, random *rand.Rand) {
	local, err := sandbox.New(sandbox.Options{Pages: seed.Demo(), Issues: seed.Issues(), Retry: repeat(200*time.Millisecond, 50)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close() })
	s := newServer(t, local)
	s.start()
	for _, product := range descriptor.Products() {
		if _, err := local.Install(t.Context(), s.url+descriptor.SelfPath(product)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	busy.Go(func() { moveTickets(ctx, local) })
	// A first review takes about a second, of which the first half does most of the work.
	time.Sleep(time.Duration(random.ExpFloat64() * float64(250*time.Millisecond)))
	s.kill()
	s.start()
	s.settle(local)
	stop()
	busy.Wait()
	s.settle(local)
	s.stop()
	s.compare(local)
}

// moveTickets moves every ticket that Throughline files to done, as soon as it is there: nobody but the webhook tells of it.
func moveTickets(ctx context.Context, local *sandbox.Sandbox) {
	moved := map[string]bool{}
	for ctx.Err() == nil {
		for _, i := range local.Jira().Issues() {
			if !moved[i.Key] && labelled(i.Labels) {
				moved[i.Key] = true
				for _, tr := range local.Jira().Transitions(i.Key) {
					if tr.To.Category == string(threat.Doing) {
						_ = local.Jira().Transition(site.Kenji, i.Key, tr.ID, "") // compared at the end
						break
					}
				}
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func labelled(labels []string) bool {
	for _, l := range labels {
		if strings.HasPrefix(l, task.Label+"-") {
			return true
		}
	}
	return false
}

func repeat(d time.Duration, n int) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = d
	}
	return out
}

// server is `throughline serve` as a process of its own.
type server struct {
	t    *testing.T
	dir  string
	addr string
	url  string
	env  []string
	cmd  *exec.Cmd
	log  bytes.Buffer
}

func newServer(t *testing.T, local *sandbox.Sandbox) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: t.TempDir(), addr: l.Addr().String()}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + s.addr
	s.env = append(os.Environ(), "THROUGHLINE_DEV=1", "THROUGHLINE_PROJECT=SEC", "THROUGHLINE_DATA="+s.dir, "THROUGHLINE_ADDR="+s.addr,
		"THROUGHLINE_BASE_URL="+s.url, "THROUGHLINE_CONNECT_KEYS_URL="+local.KeysURL(), "THROUGHLINE_GATHER=50ms", "THROUGHLINE_INDEX_WAIT=1s", "THROUGHLINE_POLL=0")
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.log.String())
		}
	})
	return s
}

func (s *server) start() {
	s.t.Helper()
	program, err := exec.LookPath("throughline") // this very test binary, see TestMain
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd = exec.Command(program, "serve")
	s.cmd.Env, s.cmd.Stderr, s.cmd.Stdout = s.env, &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		resp, err := http.Get(s.url + "/readyz")
		if err != nil {
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return
		}
	}
	s.t.Fatalf("the server is not ready:\n%s", s.log.String())
}

func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("the server ended with %v", err)
	}
	s.cmd = nil
}

// settle waits until the site has nothing to deliver and the server nothing to do.
func (s *server) settle(local *sandbox.Sandbox) {
	s.t.Helper()
	quiet := 0
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var out bytes.Buffer
		code := run(s.t.Context(), []string{"jobs", "--data", s.dir, "--json"}, &out, &out)
		if code == 0 && local.Host().Tally().Pending == 0 && strings.Contains(out.String(), `"jobs": []`) {
			if quiet++; quiet == 3 {
				return
			}
			continue
		}
		quiet = 0
	}
	var out bytes.Buffer
	run(s.t.Context(), []string{"jobs", "--data", s.dir}, &out, &out)
	s.t.Fatalf("the server never came to rest: webhooks %+v, jobs:\n%s", local.Host().Tally(), out.String())
}

// compare holds the site's state against the store's.
func (s *server) compare(local *sandbox.Sandbox) {
	s.t.Helper()
	t := s.t
	db, err := store.Open(t.Context(), "bolt://"+filepath.Join(s.dir, "throughline.db"), store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	id := tenant.ID(strings.TrimPrefix(local.BaseURL(), "http://"))

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
		if err != nil {
			t.Errorf("page %q: %v", p.Title, err)
			continue
		}
		if rec.Page.Version != p.Version().Number {
			t.Errorf("page %q is known in version %d, and is in %d", p.Title, rec.Page.Version, p.Version().Number)
		}
		if _, found, err := storage.FindRegion([]byte(p.Version().Body)); err != nil || !found {
			t.Errorf("page %q has no panel: %v", p.Title, err)
		}
		for _, th := range rec.Threats {
			switch {
			case th.Ticket == nil:
				t.Errorf("%s of %q has no ticket", th.ID, p.Title)
			case !th.Ticket.ByPage && th.Ticket.Key != byThreat[string(th.ID)]:
				t.Errorf("%s is bound to %s, and the site's ticket for it is %q", th.ID, th.Ticket.Key, byThreat[string(th.ID)])
			case !th.Ticket.Linked:
				t.Errorf("%s is not linked back", th.Ticket.Key)
			default:
				// Jira repeats what nobody acknowledged, and without polling no sweep reads tickets: had an acknowledged event been lost, this would differ.
				issue, _ := local.Jira().Issue(th.Ticket.Key)
				if want := threat.Follow(threat.Open, threat.Category(issue.Status.Category)); th.State != want {
					t.Errorf("%s is %q in the site, and its threat %s is %s", issue.Key, issue.Status.Name, th.ID, th.State)
				}
				if !shows(p, th.ID, th.State) {
					t.Errorf("the panel of %q does not show %s as %s", p.Title, th.ID, th.State)
				}
			}
			delete(byThreat, string(th.ID))
		}
	}
	for th, key := range byThreat {
		t.Errorf("%s was filed for %s, which the store does not know", key, th)
	}
	if held, err := db.Peek(t.Context(), work.Filter{}); err != nil || len(held) > 0 {
		t.Errorf("jobs are left: %+v, %v", held, err)
	}
	if _, err := evidence.Replay(t.Context(), db, id, time.Now()); err != nil {
		t.Errorf("the ledger cannot be replayed: %v", err)
	}
}
