// Package chaos makes a sandbox site fail in the ways that the real platform does: slow answers, rate limits, server errors before
// and after a change is kept, dropped connections, requests that stall, webhooks that come twice, late or not at all, and a
// search index that lags behind. Faults are chosen by rules; with the same seed the same requests fail.
package chaos

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Kind is a way to fail.
type Kind string

// The kinds of faults.
const (
	Latency     Kind = "latency"      // the request is served after Delay
	RateLimit   Kind = "rate-limit"   // 429 with Retry-After (RetryAfter seconds) and RateLimit-Reason (Reason)
	ErrorBefore Kind = "error-before" // Status (503 when 0), and nothing was done
	ErrorAfter  Kind = "error-after"  // Status (503 when 0), and all was done
	DropBefore  Kind = "drop-before"  // the connection ends, and nothing was done
	DropAfter   Kind = "drop-after"   // the connection ends, and all was done
	Stall       Kind = "stall"        // no answer for Delay (a minute when 0) or until the client leaves; nothing is done
	StallAfter  Kind = "stall-after"  // all was done, and no answer comes for Delay (a minute when 0) or until the client leaves
	Duplicate   Kind = "duplicate"    // a webhook is sent twice
	Reorder     Kind = "reorder"      // a webhook lets the next one of its app pass
	Lose        Kind = "lose"         // a webhook is never sent
	IndexLag    Kind = "index-lag"    // search shows what was Delay ago
)

func kinds() []Kind {
	return []Kind{Latency, RateLimit, ErrorBefore, ErrorAfter, DropBefore, DropAfter, Stall, StallAfter, Duplicate, Reorder, Lose, IndexLag}
}

func (k Kind) webhook() bool { return k == Duplicate || k == Reorder || k == Lose }

// Rule chooses what fails, and how. What it leaves empty matches all.
type Rule struct {
	Kind        Kind     `json:"kind"`
	Method      string   `json:"method,omitzero"`      // of a request
	Path        string   `json:"path,omitzero"`        // regular expression on a request's path
	Event       string   `json:"event,omitzero"`       // regular expression on a webhook's event
	Times       int      `json:"times,omitzero"`       // so often, then never again; 0: always
	Probability float64  `json:"probability,omitzero"` // of each match, 0 < p ≤ 1; 0: each
	Delay       Duration `json:"delay,omitzero"`       // of latency, the stalls and index-lag: "250ms"
	Status      int      `json:"status,omitzero"`      // of error-before and error-after
	RetryAfter  int      `json:"retryAfter,omitzero"`  // seconds, of rate-limit and errors
	Reason      string   `json:"reason,omitzero"`      // of rate-limit; "jira-burst-based" or "confluence-burst-based" when empty
	Hits        int      `json:"hits"`                 // how often it struck; set by the site
}

// Duration is a time.Duration that JSON shows as "1.5s".
type Duration time.Duration

// MarshalText writes a duration as time.Duration.String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration takes.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// Plan is a set of rules; the first of a kind that matches strikes.
type Plan struct {
	Seed  uint64 `json:"seed"`
	Rules []Rule `json:"rules"`
}

// Chaos applies a plan. It is safe for concurrent use.
type Chaos struct {
	mu    sync.Mutex
	plan  Plan
	paths []*regexp.Regexp
	hooks []*regexp.Regexp
	dice  *rand.Rand
}

// New returns a site without faults.
func New() *Chaos {
	c := &Chaos{}
	_ = c.Set(Plan{}) // a plan without rules is valid
	return c
}

// Set replaces the plan. A rule that is not valid leaves the old plan as it is.
func (c *Chaos) Set(p Plan) error {
	var paths, hooks []*regexp.Regexp
	for i, r := range p.Rules {
		path, hook, err := r.check()
		if err != nil {
			return fmt.Errorf("rule %d: %w", i+1, err)
		}
		paths, hooks = append(paths, path), append(hooks, hook)
		p.Rules[i].Hits = 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plan = Plan{Seed: p.Seed, Rules: slices.Clone(p.Rules)}
	c.paths, c.hooks, c.dice = paths, hooks, rand.New(rand.NewPCG(p.Seed, 0)) // reproducible on purpose
	return nil
}

func (r Rule) check() (path, hook *regexp.Regexp, err error) {
	path, err = regexp.Compile(r.Path)
	if err != nil {
		return nil, nil, fmt.Errorf("path: %w", err)
	}
	hook, err = regexp.Compile(r.Event)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("event: %w", err)
	case !slices.Contains(kinds(), r.Kind):
		return nil, nil, fmt.Errorf("kind %q: there are %v", r.Kind, kinds())
	case r.Probability < 0 || r.Probability > 1:
		return nil, nil, errors.New("probability must lie between 0 and 1")
	case r.Status != 0 && (r.Status < 400 || r.Status > 599):
		return nil, nil, fmt.Errorf("status %d is no error", r.Status)
	case (r.Kind == Latency || r.Kind == IndexLag) && r.Delay <= 0:
		return nil, nil, fmt.Errorf("%s needs a delay", r.Kind)
	}
	return path, hook, nil
}

// Plan returns the plan with its rules' hits.
func (c *Chaos) Plan() Plan {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Plan{Seed: c.plan.Seed, Rules: append([]Rule{}, c.plan.Rules...)}
}

// strike returns the rules that strike what match selects, and counts them.
func (c *Chaos) strike(match func(i int, r Rule) bool) []Rule {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Rule
	for i := range c.plan.Rules {
		r := &c.plan.Rules[i]
		if !match(i, *r) || r.Times > 0 && r.Hits >= r.Times || r.Probability > 0 && c.dice.Float64() >= r.Probability {
			continue
		}
		r.Hits++
		out = append(out, *r)
	}
	return out
}

// Lag is how long search lags behind now.
func (c *Chaos) Lag() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	var lag time.Duration
	for _, r := range c.plan.Rules {
		if r.Kind == IndexLag {
			lag = max(lag, time.Duration(r.Delay))
		}
	}
	return lag
}

// Webhook decides what happens to a webhook: how many copies are sent, and whether behind the next one.
func (c *Chaos) Webhook(event string) (copies int, late bool) {
	copies = 1
	for _, r := range c.strike(func(i int, r Rule) bool { return r.Kind.webhook() && c.hooks[i].MatchString(event) }) {
		switch r.Kind {
		case Lose:
			return 0, false
		case Duplicate:
			copies++
		case Reorder:
			late = true
		}
	}
	return copies, late
}

// Serve serves a request through next, with the faults that strike it.
func (c *Chaos) Serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rules := c.strike(func(i int, rule Rule) bool {
		return !rule.Kind.webhook() && rule.Kind != IndexLag && c.paths[i].MatchString(r.URL.Path) && (rule.Method == "" || strings.EqualFold(rule.Method, r.Method))
	})
	for _, rule := range rules {
		switch rule.Kind {
		case Latency:
			wait(r, time.Duration(rule.Delay))
		case Stall:
			wait(r, cmp.Or(time.Duration(rule.Delay), time.Minute))
			panic(http.ErrAbortHandler)
		case StallAfter:
			next.ServeHTTP(nowhere{http.Header{}}, r)
			wait(r, cmp.Or(time.Duration(rule.Delay), time.Minute))
			panic(http.ErrAbortHandler)
		case DropBefore:
			panic(http.ErrAbortHandler)
		case DropAfter:
			next.ServeHTTP(nowhere{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		case ErrorBefore:
			fail(w, rule)
			return
		case ErrorAfter:
			next.ServeHTTP(nowhere{http.Header{}}, r)
			fail(w, rule)
			return
		case RateLimit:
			limit(w, r, rule)
			return
		}
	}
	next.ServeHTTP(w, r)
}

func wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

func fail(w http.ResponseWriter, rule Rule) {
	status := rule.Status
	if status == 0 {
		status = http.StatusServiceUnavailable
	}
	if rule.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(rule.RetryAfter))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errorMessages":["%s"],"errors":{}}`, http.StatusText(status))
}

// limit answers as Atlassian's rate limiting does.
func limit(w http.ResponseWriter, r *http.Request, rule Rule) {
	reason := rule.Reason
	if reason == "" {
		reason = "jira-burst-based"
		if strings.HasPrefix(r.URL.Path, "/wiki/") {
			reason = "confluence-burst-based"
		}
	}
	Refuse(w, reason, time.Duration(max(rule.RetryAfter, 1))*time.Second)
}

// Refuse answers a request that is over a limit, for a reason as Atlassian names it. The wait is told in whole seconds, rounded up.
func Refuse(w http.ResponseWriter, reason string, wait time.Duration) {
	h := w.Header()
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	h.Set("RateLimit-Reason", reason)
	h.Set("X-RateLimit-Limit", "100")
	h.Set("X-RateLimit-Remaining", "0")
	h.Set("X-RateLimit-Reset", time.Now().UTC().Add(wait).Format("2006-01-02T15:04Z"))
	h.Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = w.Write([]byte(`{"errorMessages":["Rate limit exceeded."],"errors":{}}`)) // the client may be gone
}

// nowhere takes an answer that nobody will hear.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}
