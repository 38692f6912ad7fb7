package main

import (
	"bytes"
	"flag"
	"hash/fnv"
	"maps"
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
	"github.com/throughline/throughline/descriptor"
)

var update = flag.Bool("update", false, "write the list of failpoints anew")

// failpoints is the list of the places where a crash is tried: a door and a place a line. What stands behind a question mark is reached by
// chance only, such as what follows from an answer that got lost: it is tried where it is reached. What stands behind # commits and is not tried,
// see TestEveryCommitIsListed. A commit or call that is new is added, and one
// that is gone is taken off, by `go test -run TestFailpoints -update ./cmd/throughline`.
var failpoints = filepath.Join("..", "..", "testdata", "failpoints.txt")

// TestFailpoints kills the server before and after every commit and every call to its site, through each door, and compares site and
// store. Each place on the list is run until it is reached; the test fails on one that never is, and on one that is reached and that the list
// has through no door: that one is new in the source. A place that the list has through another door, or on its other side, was reached by
// chance, and is no news.
func TestFailpoints(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the server many times")
	}
	program, list := build(t, "-tags", "failpoint"), readPlaces(t)
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
				all := killEverywhere(t, program, door, list, share, rand.New(rand.NewPCG(uint64(n), 11)))
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
	if *update {
		list.renew(reached)
		if err := os.WriteFile(failpoints, []byte(list.text(notTried(t))), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, p := range reached {
		if !list.has(p) {
			t.Errorf("%s: the list has no such place through any door; `go test -run TestFailpoints -update ./cmd/throughline` adds it", p)
		}
	}
}

// placeList is the list of places, each with its door: true for what is reached by chance only.
type placeList map[string]bool

func readPlaces(t *testing.T) placeList {
	t.Helper()
	text, err := os.ReadFile(failpoints)
	if err != nil {
		t.Fatal(err)
	}
	list := placeList{}
	for line := range strings.Lines(string(text)) {
		if place, rare := strings.CutPrefix(strings.TrimSpace(line), "? "); place != "" && line[0] != '#' {
			list[place] = rare
		}
	}
	return list
}

// must are the places that are reached through a door in any run.
func (l placeList) must(door string) (places []string) {
	for _, p := range slices.Sorted(maps.Keys(l)) {
		if place, here := strings.CutPrefix(p, door+" "); here && !l[p] {
			places = append(places, place)
		}
	}
	return places
}

// has reports whether the source had a place when the list was written: whatever the door, and on whichever side of it.
func (l placeList) has(place string) bool {
	for p := range l {
		if where(p) == where(place) {
			return true
		}
	}
	return false
}

// where is a place without its door and its side: "commit task.(*Desk).sweepSite".
func where(place string) string {
	_, rest, _ := strings.Cut(place, " ")
	_, rest, _ = strings.Cut(rest, " ")
	return rest
}

// renew puts what was reached on the list, and takes off what was not, but for what is reached by chance. What the list knows as reached by
// chance through another door is so through this one, too.
func (l placeList) renew(reached []string) {
	chance := map[string]bool{}
	for p, rare := range l {
		if rare {
			chance[where(p)] = true
		}
	}
	maps.DeleteFunc(l, func(p string, rare bool) bool { return !rare && !slices.Contains(reached, p) })
	for _, p := range reached {
		if _, known := l[p]; !known {
			l[p] = chance[where(p)]
		}
	}
}

// text is the list as it stands in its file, after what is not tried, by name with the reason.
func (l placeList) text(not map[string]string) string {
	var lines []string
	for name, why := range not {
		lines = append(lines, "# "+name+": "+why)
	}
	for p, rare := range l {
		if rare {
			p = "? " + p
		}
		lines = append(lines, p)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// TestPlaceList: a place is news only where the source had none of its name.
func TestPlaceList(t *testing.T) {
	list := placeList{"connect before commit task.(*Desk).sweepSite": false, "connect before commit task.(*Desk).gone": false, "account after call GET /rest/api/2/status": true}
	for place, want := range map[string]bool{
		"connect before commit task.(*Desk).sweepSite": true, "forge after commit task.(*Desk).sweepSite": true, "connect after call GET /rest/api/2/status": true,
		"connect before commit task.(*Desk).sweep": false, "connect before call GET /rest/api/2/project": false,
	} {
		if got := list.has(place); got != want {
			t.Errorf("%s: known %v, want %v", place, got, want)
		}
	}
	list.renew([]string{"connect before commit task.(*Desk).sweepSite", "forge after call GET /rest/api/2/status", "forge before commit task.(*Desk).new"})
	want := "# task.x: it reads\n? account after call GET /rest/api/2/status\n? forge after call GET /rest/api/2/status\nconnect before commit task.(*Desk).sweepSite\nforge before commit task.(*Desk).new\n"
	if diff := cmp.Diff(want, list.text(map[string]string{"task.x": "it reads"})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{"before commit task.(*Desk).new"}, list.must("forge")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
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
// returns all places that were reached. Places that are reached once in a store's life are tried on a new one, and so are those on the list
// that were not reached.
func killEverywhere(t *testing.T, program, door string, list placeList, share func(string) bool, random *rand.Rand) []string {
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
	reached := points.reached(t)
	for _, p := range once {
		if rare, listed := list[door+" "+p]; listed && !rare {
			killOnce(t, program, door, p, random)
		}
	}
	for _, p := range list.must(door) {
		if !slices.Contains(reached, p) && !*update {
			killOnce(t, program, door, p, random)
			reached = append(reached, p)
		}
	}
	t.Logf("reached %d places; %d of them on a store of their own", len(reached), len(once)+len(reached)-len(done))
	return reached
}

// killOnce kills a server of a new store at a place that it comes along once. What is reached by chance may take several stores.
func killOnce(t *testing.T, program, door, place string, random *rand.Rand) {
	t.Helper()
	for range 5 {
		s, points := newPlaces(t, program, door, random)
		points.arm(t, place, 0)
		s.startAgain()
		s.installAgain()
		end := s.people(random, 30*time.Millisecond)
		fired := func() bool { return points.fired(place) }
		died := fired() || s.dies(fired) || s.dies(fired)
		points.disarm(place)
		end()
		s.compareCalm()
		if died {
			return
		}
	}
	t.Errorf("%s: it is never reached again", place)
}

// newPlaces is a server that tells where it comes along, on a site whose answers get lost now and then, so that what follows from
// that is reached too.
func newPlaces(t *testing.T, program, door string, random *rand.Rand) (*server, places) {
	t.Helper()
	s, points := newServer(t, openSite(t), door), places{t.TempDir()}
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

// revive starts the server again where a place has just killed it: that a place has fired is seen before its process is gone.
func (s *server) revive() {
	s.t.Helper()
	select {
	case <-s.died:
		s.startAgain()
	case <-time.After(2 * time.Second):
	}
}

// compareCalm ends the faults, waits until all is done, and compares.
func (s *server) compareCalm() {
	s.t.Helper()
	if err := s.site.Faults(chaos.Plan{}); err != nil {
		s.t.Fatal(err)
	}
	s.revive()
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
		if fired() {
			<-s.died
		} else {
			s.kill()
		}
		s.startAgain()
		if !s.installed() {
			s.installAgain() // what was cut off is repeated by whoever installs
		}
		if fired() {
			return true
		}
	}
	return false
}

// installed reports whether the site has let the server in: then an install that was cut off later must not need to be repeated.
func (s *server) installed() bool {
	return s.door == "connect" && len(s.site.Host().Apps()) == len(descriptor.Products())
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
