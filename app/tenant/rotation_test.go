package tenant

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestRotations plays a site and an app over many installs: answers get lost, events come late, calls are made or not. The app must always
// know the secret that the site holds, and must take none that is older than one of which it saw the use.
func TestRotations(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(t)
		for step := range 60 {
			what := w.step(r)
			if t.Failed() || !w.holds() {
				t.Fatalf("seed %d, step %d: after %q the site holds %s, and the app knows %s", seed, step, what, w.held.Reveal(), w.known())
			}
		}
	}
}

// world is a site and the app's installation in it.
type world struct {
	t      *testing.T
	now    time.Time
	n      int          // secrets made
	held   Secret       // by the site
	coming Secret       // what the site holds once it hears our answer, or empty
	until  time.Time    // when it has given up hearing it
	late   []Secret     // what events under way were signed with
	in     Installation // as the app keeps it
	used   int          // number of the newest secret whose use the app saw
	ended  bool         // the site's secret did, after silence
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	w.held = w.secret()
	w.in = Installation{Door: "connect", ClientKey: "c", Secret: w.held, InstalledAt: w.now}
	return w
}

func (w *world) secret() Secret {
	w.n++
	return NewSecret(strconv.Itoa(w.n))
}

func number(s Secret) int {
	n, _ := strconv.Atoi(s.Reveal())
	return n
}

func (w *world) known() (values []string) {
	for _, s := range w.in.Secrets(w.now) {
		values = append(values, s.Reveal())
	}
	return values
}

// holds reports whether the app knows the site's secret. One that the site refused no other for, asked by a call of ours, within the time that
// former secrets are kept, is excused until the site hears our answer to another install.
func (w *world) holds() bool {
	knows := slices.Contains(w.in.Secrets(w.now), w.held)
	w.ended = !knows && (w.ended || w.now.Sub(w.in.InstalledAt) >= FormerKept)
	return knows || w.ended
}

// verify is the app's look at something signed.
func (w *world) verify(s Secret) {
	if !slices.Contains(w.in.Secrets(w.now), s) {
		return
	}
	if number(s) < w.used {
		w.t.Errorf("%s is taken, though the use of %d was seen", s.Reveal(), w.used)
	}
	w.in, w.used = w.in.Confirmed(s), max(w.used, number(s))
}

func (w *world) step(r *rand.Rand) string {
	switch r.IntN(8) {
	case 0, 1:
		w.coming = Secret{} // a site is installed in one after the other
		in := Installation{Door: "connect", ClientKey: "c", Secret: w.secret(), InstalledAt: w.now}
		if r.IntN(4) == 0 {
			return "an install that never arrived"
		}
		w.in = in.Replacing(w.in)
		switch r.IntN(3) {
		case 0:
			return "an install whose answer was lost"
		case 1:
			w.coming, w.until = in.Secret, w.now.Add(answered)
			return "an install whose answer is under way"
		}
		w.held = in.Secret
		return "an install"
	case 2:
		if !w.coming.Empty() {
			w.held, w.coming = w.coming, Secret{}
		}
		return "an answer arrives"
	case 3:
		w.late = append(w.late, w.held)
		return "an event is sent"
	case 4:
		if len(w.late) == 0 {
			return "nothing"
		}
		n := r.IntN(len(w.late))
		s := w.late[n]
		w.late = slices.Delete(w.late, n, n+1)
		w.verify(s)
		return "an event arrives"
	case 5:
		w.verify(w.held)
		return "an event"
	case 6:
		for n, s := range w.in.Secrets(w.now) {
			if s != w.held {
				continue
			}
			if n == 0 {
				w.in, w.used = w.in.Confirmed(s), max(w.used, number(s))
			} else {
				w.in = w.in.Restored(s, w.now)
			}
		}
		return "a call of ours"
	}
	w.now = w.now.Add(time.Duration(r.IntN(12)) * time.Minute)
	if r.IntN(10) == 0 {
		w.now = w.now.Add(time.Duration(r.IntN(30)) * time.Hour)
	}
	if !w.now.Before(w.until) {
		w.coming = Secret{}
	}
	return "time"
}

// TestManyLostInstalls: however often the answer is lost, the secret that the site was seen to use is kept.
func TestManyLostInstalls(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	in := Installation{Door: "connect", ClientKey: "c", Secret: NewSecret("first"), InstalledAt: at}
	for n := range 100 {
		in = Installation{Door: "connect", ClientKey: "c", Secret: NewSecret(strconv.Itoa(n)), InstalledAt: at}.Replacing(in)
	}
	secrets := in.Secrets(at)
	if len(secrets) != 1+formerMost || secrets[0] != NewSecret("99") || secrets[formerMost] != NewSecret("first") {
		t.Errorf("%d secrets are kept, from %s to %s", len(secrets), secrets[0].Reveal(), secrets[len(secrets)-1].Reveal())
	}
}

func TestReplacing(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	old := Installation{Door: "connect", ClientKey: "c", Secret: NewSecret("old"), InstalledAt: at}
	tests := []struct {
		name   string
		change func(old, in *Installation)
		former int
	}{
		{"the same client", func(_, _ *Installation) {}, 1},
		{"the same secret once more", func(_, in *Installation) { in.Secret = NewSecret("old") }, 0},
		{"another client", func(_, in *Installation) { in.ClientKey = "d" }, 0},
		{"another door", func(_, in *Installation) { in.Door = "account" }, 0},
		{"one that was removed", func(old, _ *Installation) { old.RemovedAt = at }, 0},
		{"one without a secret", func(old, _ *Installation) { old.Secret = Secret{} }, 0},
		{"a token that ends by itself", func(old, _ *Installation) { old.SecretUntil = at }, 0},
		{"by a token that ends by itself", func(_, in *Installation) { in.SecretUntil = at }, 0},
		{"former ones that have ended", func(old, in *Installation) {
			old.Former, old.FormerUntil, in.InstalledAt = []Secret{NewSecret("older")}, at, at
		}, 1},
		{"former ones that have not", func(old, in *Installation) {
			old.Former, old.FormerUntil, in.InstalledAt = []Secret{NewSecret("older")}, at.Add(1), at
		}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			old, in := old, Installation{Door: "connect", ClientKey: "c", Secret: NewSecret("new"), InstalledAt: at}
			tt.change(&old, &in)
			if got := in.Replacing(old); len(got.Former) != tt.former || got.FormerUntil.IsZero() != (tt.former == 0) {
				t.Errorf("%d former secrets until %v, want %d", len(got.Former), got.FormerUntil, tt.former)
			}
		})
	}
}
