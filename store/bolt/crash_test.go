package bolt_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
)

const crashFile = "THROUGHLINE_TEST_CRASH_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		if err := crashing(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// crashing accepts, commits and runs until it is killed, and prints what it was told is durable.
func crashing(path string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, "bolt://"+path, store.Options{Key: masterKey, Workers: 4})
	if err != nil {
		return err
	}
	var out sync.Mutex
	say := func(what, which string) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(what, which) // one write a line: a line is there whole or not at all
	}
	prefix := fmt.Sprint(os.Getpid(), "-")
	failed := make(chan error, 32)
	for sender := range 12 {
		go func() {
			for i := 0; ; i++ {
				subject := fmt.Sprint(prefix, sender, "-", i)
				d := work.Delivery{Tenant: "acme.atlassian.net", Key: subject, Seen: time.Now(), Jobs: []work.Job{{Kind: work.ReviewPage, Subject: subject}}}
				if _, err := s.Accept(ctx, d); err != nil {
					failed <- err
					return
				}
				say("accepted", subject)
			}
		}()
	}
	go func() {
		for i := 0; ; i++ {
			page := fmt.Sprint(prefix, i)
			c := trace.Change{Tenant: "acme.atlassian.net", Page: &trace.Page{ID: page}, Entries: []ledger.Entry{{Kind: ledger.Reviewed, Page: page}, {Kind: ledger.Stated, Page: page}}}
			if err := s.Commit(ctx, c); err != nil {
				failed <- err
				return
			}
			say("committed", page)
		}
	}()
	go func() {
		failed <- s.Run(ctx, map[work.Kind]work.Handler{work.ReviewPage: func(_ context.Context, job work.Job) work.Outcome {
			say("ran", job.Subject)
			return work.Outcome{}
		}})
	}()
	return <-failed
}

// TestCrash kills a process that writes, again and again on the same file: nothing that it acknowledged is lost.
func TestCrash(t *testing.T) {
	kills := 20
	if testing.Short() {
		kills = 3
	}
	path := filepath.Join(t.TempDir(), "crash.db")
	told := map[string]map[string]bool{"accepted": {}, "committed": {}, "ran": {}}
	for range kills {
		kill(t, path, told)
		checkSurvivors(t, path, told)
	}
	t.Logf("%d kills, %d accepted, %d committed, %d runs", kills, len(told["accepted"]), len(told["committed"]), len(told["ran"]))
}

func kill(t *testing.T, path string, told map[string]map[string]bool) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), crashFile+"="+path)
	child.Stderr = os.Stderr
	pipe, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var timer *time.Timer
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		if timer == nil {
			timer = time.AfterFunc(time.Duration(rand.IntN(150))*time.Millisecond, func() { _ = child.Process.Kill() })
			defer timer.Stop()
		}
		if what, which, ok := strings.Cut(lines.Text(), " "); ok && told[what] != nil {
			told[what][which] = true
		} else {
			t.Fatalf("the child said %q", lines.Text())
		}
	}
	if err := child.Wait(); child.ProcessState.ExitCode() != -1 {
		t.Fatalf("the child ended by itself: %v", err)
	}
}

func checkSurvivors(t *testing.T, path string, told map[string]map[string]bool) {
	t.Helper()
	s, err := store.Open(t.Context(), "bolt://"+path, store.Options{Key: masterKey})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, s)
	jobs, err := s.Peek(t.Context(), work.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{}
	for _, job := range jobs {
		kept[job.Subject] = true
	}
	for subject := range told["accepted"] {
		if !kept[subject] && !told["ran"][subject] {
			t.Errorf("%s was accepted, is not kept and did not run", subject)
		}
	}
	recorded, seq := map[string]int{}, uint64(0)
	const id tenant.ID = "acme.atlassian.net"
	err = s.Entries(t.Context(), id, 0, func(e ledger.Entry) bool {
		if e.Seq != seq {
			t.Errorf("entry %d follows %d", e.Seq, seq)
		}
		seq++
		recorded[e.Page]++
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	for page := range told["committed"] {
		if _, err := s.Page(t.Context(), id, page); err != nil || recorded[page] != 2 {
			t.Errorf("page %s was committed: %v, %d entries", page, err, recorded[page])
		}
	}
}
