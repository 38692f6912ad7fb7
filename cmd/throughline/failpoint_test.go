package main

import (
	"bytes"
	"flag"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/failpoint"
	"github.com/throughline/throughline/app/sandbox/chaos"
)

var update = flag.Bool("update", false, "write the list of failpoints anew")

// failpoints is the list of the places where a crash is tried: a door and a place a line. A commit or call that is new is added to it by
// `go test -run TestFailpoints -update ./cmd/throughline`.
var failpoints = filepath.Join("..", "..", "testdata", "failpoints.txt")

// TestFailpoints kills the server before and after every commit and every call to its site, through each door, and compares site and
// store. It fails when a place on the list is not reached, and when one is reached that is not on the list.
func TestFailpoints(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the server many times")
	}
	program := build(t, "-tags", "failpoint")
	var mu sync.Mutex
	var reached []string
	var workers sync.WaitGroup
	for n, door := range killedDoors {
		workers.Go(func() {
			t.Run(door, func(t *testing.T) {
				// In `make test` every place is tried through one door, in `make soak` through each that leads there.
				share := func(place string) bool {
					h := fnv.New32a()
					_, _ = h.Write([]byte(place))
					mine := int(h.Sum32()%uint32(len(killedDoors))) == n
					return soak(0, 1) == 1 || mine || !common(place)
				}
				all := killEverywhere(t, program, door, share, rand.New(rand.NewPCG(uint64(n), 11)))
				mu.Lock()
				defer mu.Unlock()
				for _, p := range all {
					reached = append(reached, door+" "+p)
				}
			})
		})
	}
	workers.Wait()
	if t.Failed() {
		return // then what was reached is not all
	}
	must, rare := readPlaces(t)
	slices.Sort(reached)
	reached = slices.DeleteFunc(reached, func(p string) bool { return rare[p] })
	if *update {
		for p := range rare {
			reached = append(reached, "? "+p)
		}
		slices.Sort(reached)
		if err := os.WriteFile(failpoints, []byte(strings.Join(reached, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(must, reached); diff != "" {
		t.Errorf("-listed +reached; `go test -run TestFailpoints -update ./cmd/throughline` writes the list anew:\n%s", diff)
	}
}

// readPlaces reads the list. What stands behind a question mark is reached by chance only: it is tried where it is.
func readPlaces(t *testing.T) (must []string, rare map[string]bool) {
	t.Helper()
	text, err := os.ReadFile(failpoints)
	if err != nil {
		t.Fatal(err)
	}
	rare = map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if place, by := strings.CutPrefix(line, "? "); by {
			rare[place] = true
		} else if line != "" {
			must = append(must, line)
		}
	}
	return must, rare
}

// build builds the program as a user would, with some flags more.
func build(t *testing.T, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "throughline")
	out, err := exec.CommandContext(t.Context(), "go", append(append([]string{"build"}, flags...), "-o", path, ".")...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// common reports whether a place is reached through every door.
func common(place string) bool {
	for _, one := range []string{"connect.", "forge.", "hook.", "register", "serverInfo"} {
		if strings.Contains(place, one) {
			return false
		}
	}
	return true
}

// killEverywhere kills a server at the places that it reaches and that are this door's share, again and again on the same store, and
// returns all places that were reached. Places that are reached once in a store's life are tried on a new one.
func killEverywhere(t *testing.T, program, door string, share func(string) bool, random *rand.Rand) []string {
	s, points := newPlaces(t, program, door, random)
	s.start()
	s.install()
	end := s.people(random, 60*time.Millisecond)
	done, once := map[string]bool{}, []string{}
	for quiet := 0; quiet < 5; { // until nothing new is reached for a while
		quiet++
		for _, p := range points.reached(t) {
			if done[p] {
				continue
			}
			done[p], quiet = true, 0
			if !share(p) {
				continue
			}
			points.arm(t, p, random.IntN(3))
			if !s.dies(func() bool { return points.fired(p) }) {
				points.disarm(p)
				once = append(once, p)
			}
		}
		time.Sleep(300 * time.Millisecond)
	}
	end()
	s.compareCalm()
	_, rare := readPlaces(t)
	for _, p := range once {
		if rare[door+" "+p] {
			continue
		}
		killOnce(t, program, door, p, random)
	}
	t.Logf("reached %d places; %d of them on a store of their own", len(done), len(once))
	return points.reached(t)
}

// killOnce kills a server of a new store at a place that it comes along once.
func killOnce(t *testing.T, program, door, place string, random *rand.Rand) {
	t.Helper()
	s, points := newPlaces(t, program, door, random)
	points.arm(t, place, 0)
	s.startAgain()
	s.installAgain()
	end := s.people(random, 30*time.Millisecond)
	fired := func() bool { return points.fired(place) }
	if !fired() && !s.dies(fired) && !s.dies(fired) {
		t.Errorf("%s: it is never reached again", place)
	}
	end()
	s.compareCalm()
}

// newPlaces is a server that tells where it comes along, on a site whose answers get lost now and then, so that what follows from
// that is reached too.
func newPlaces(t *testing.T, program, door string, random *rand.Rand) (*server, places) {
	t.Helper()
	s, points := newServer(t, openSite(t), door), places{t.TempDir()}
	// Sweeps find what was refused while a new secret was known to one side only.
	s.program, s.env = program, append(s.env, failpoint.Folder+"="+points.dir, "THROUGHLINE_POLL=1s")
	const create = "/rest/api/2/issue/bulk$"
	if err := s.site.Faults(chaos.Plan{Seed: random.Uint64(), Rules: []chaos.Rule{
		{Kind: chaos.DropAfter, Method: http.MethodPost, Path: create, Probability: 0.15},
		{Kind: chaos.ErrorBefore, Status: http.StatusInternalServerError, Method: http.MethodPost, Path: create, Probability: 0.15},
	}}); err != nil {
		t.Fatal(err)
	}
	return s, points
}

// compareCalm ends the faults, waits until all is done, and compares.
func (s *server) compareCalm() {
	s.t.Helper()
	if err := s.site.Faults(chaos.Plan{}); err != nil {
		s.t.Fatal(err)
	}
	s.settle()
	s.stop()
	s.compare()
}

// dies waits until the server has been killed at a place, and starts it again. Some places are reached only by a start, or by an
// installation: those are repeated.
func (s *server) dies(fired func() bool) bool {
	for range 4 {
		select {
		case <-s.died:
		case <-time.After(1500 * time.Millisecond):
			_ = s.tryInstall() // during which it may die
		}
		if !fired() {
			s.kill()
		}
		s.startAgain()
		s.installAgain() // what was cut off is repeated by whoever installs: else one side has a secret that the other does not know
		if fired() {
			return true
		}
	}
	return false
}

// startAgain starts a server that may die meanwhile.
func (s *server) startAgain() {
	s.t.Helper()
	for range 3 {
		if s.tryStart() {
			return
		}
	}
	s.t.Fatalf("the server does not start:\n%s", s.log.String())
}

// installAgain installs a server that may die meanwhile.
func (s *server) installAgain() {
	s.t.Helper()
	var err error
	for range 100 {
		if err = s.tryInstall(); err == nil {
			return
		}
		select {
		case <-s.died:
			s.startAgain()
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.t.Fatal(err)
}

// places is the folder by which a server tells where it comes along, and is told where to die.
type places struct{ dir string }

func (p places) reached(t *testing.T) (all []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "*.reached"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name, err := url.PathUnescape(strings.TrimSuffix(filepath.Base(f), ".reached"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	return all
}

func (p places) file(place string) string { return filepath.Join(p.dir, url.PathEscape(place)) }

// arm has the server die the next time that it comes along, or some times later.
func (p places) arm(t *testing.T, place string, later int) {
	t.Helper()
	var seen int64
	if info, err := os.Stat(p.file(place) + ".reached"); err == nil {
		seen = info.Size()
	}
	at := strconv.FormatInt(seen+1+int64(later), 10)
	if err := os.WriteFile(p.file(place)+".new", []byte(at), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(p.file(place)+".new", p.file(place)+".armed"); err != nil {
		t.Fatal(err)
	}
}

func (p places) disarm(place string) { _ = os.Remove(p.file(place) + ".armed") }

func (p places) fired(place string) bool {
	_, err := os.Stat(p.file(place) + ".fired")
	return err == nil
}

// TestReleaseHasNoFailpoints: a build without the tag knows nothing of the folder, and one with it does.
func TestReleaseHasNoFailpoints(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags []string
		want  bool
	}{{"release", nil, false}, {"tagged", []string{"-tags", "failpoint"}, true}} {
		t.Run(tt.name, func(t *testing.T) {
			binary, err := os.ReadFile(build(t, tt.flags...))
			if err != nil {
				t.Fatal(err)
			}
			if got := bytes.Contains(binary, []byte(failpoint.Folder)); got != tt.want {
				t.Errorf("the binary holds %q: %v, want %v", failpoint.Folder, got, tt.want)
			}
		})
	}
	if failpoint.On {
		t.Error("the tests themselves run with failpoints")
	}
}
