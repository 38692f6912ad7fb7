package jira

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/throughline/throughline/app/sandbox/site"
)

// Jira holds the issues. It is safe for concurrent use.
type Jira struct {
	site     site.Site
	projects []Project
	told     version // of webhook payloads
	calls    *http.ServeMux
	meta     *http.ServeMux
	denials  sync.Map // account id to the keys of permissions that were taken away
	screens  sync.Map // project key to the fields that were taken off its screens

	mu    sync.RWMutex
	state state
	keys  map[string]string    // issue key to id
	past  map[string][]*record // by issue id: what stood before recent changes, for search to lag behind
	files map[int64][]byte     // contents of attachments by id, as far as they were made or read since the start
}

// state is what survives a restart.
type state struct {
	Issues map[string]*record `json:"issues"`         // by id
	Serial map[string]int64   `json:"serial"`         // by project key: number of the newest issue
	Next   int64              `json:"next"`           // next id of anything that has one
	Moved  map[string]string  `json:"moved,omitzero"` // issue id by a key that it had in another project
}

// New opens the Jira of a Cloud site with the given projects, as it was last kept there.
func New(s site.Site, projects []Project) (*Jira, error) {
	j, err := load(s, projects)
	if err != nil {
		return nil, err
	}
	j.told = v2
	j.calls, j.meta = j.mux(j.table(), v2, v3), j.mux(j.createMetaTable(), v2, v3)
	return j, nil
}

func load(s site.Site, projects []Project) (*Jira, error) {
	j := &Jira{site: s, projects: projects, keys: map[string]string{}, past: map[string][]*record{}, files: map[int64][]byte{}}
	if _, err := s.Load("jira", &j.state); err != nil {
		return nil, fmt.Errorf("loading the state of jira: %w", err)
	}
	if j.state.Issues == nil {
		j.state.Issues = map[string]*record{}
	}
	if j.state.Serial == nil {
		j.state.Serial = map[string]int64{}
	}
	maps.Copy(j.keys, j.state.Moved)
	for id, r := range j.state.Issues {
		j.keys[r.Key] = id
	}
	j.state.Next = max(j.state.Next, 10000)
	return j, nil
}

// ServeHTTP answers the REST API below /rest/api/2 and /rest/api/3. The caller is authenticated before.
func (j *Jira) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.URL.Path, "/issue/createmeta/") {
		j.meta.ServeHTTP(w, r)
		return
	}
	j.calls.ServeHTTP(w, r)
}

// get finds an issue by key (case ignored) or id.
func (j *Jira) get(ref string) (*record, bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.lookup(ref)
}

func (j *Jira) lookup(ref string) (*record, bool) {
	if id, ok := j.keys[strings.ToUpper(ref)]; ok {
		ref = id
	}
	r, ok := j.state.Issues[ref]
	return r, ok
}

// store puts a record in its place.
func (j *Jira) store(r *record) {
	id := decimal(r.ID)
	j.state.Issues[id] = r
	j.keys[r.Key] = id
}

// all returns every issue, oldest first.
func (j *Jira) all() []*record {
	j.mu.RLock()
	defer j.mu.RUnlock()
	out := make([]*record, 0, len(j.state.Issues))
	for _, r := range j.state.Issues {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *record) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func (j *Jira) id() int64 {
	id := j.state.Next
	j.state.Next++
	return id
}

// told is an event that a change leads to. It is told under the lock, so that events leave in the order of the changes.
type told func(r *record, c *change)

// alter changes one issue: change edits a clone and names the fields that it changed; tell is called once the clone is stored.
// With no items the changelog and the issue's updated time stay as they are.
func (j *Jira) alter(actor, ref string, edit func(r *record) ([]item, *Error), tell told) (*record, *Error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	old, ok := j.lookup(ref)
	if !ok {
		return nil, j.noIssue()
	}
	if !j.sees(actor, old) {
		return nil, j.unseen()
	}
	r := old.clone()
	items, err := edit(r)
	if err != nil {
		return nil, err
	}
	now := j.site.Now()
	r.Stored = now
	var c *change
	if len(items) > 0 {
		r.Updated = now
		r.History = append(r.History, change{ID: j.id(), Author: actor, At: now, Items: items})
		c = &r.History[len(r.History)-1]
	}
	j.remember(old, now)
	j.store(r)
	if err := j.keep(); err != nil {
		return nil, refuse(http.StatusInternalServerError, "%v", err)
	}
	if tell != nil {
		tell(r, c)
	}
	return r, nil
}

// keep asks the site to store the state. The snapshot takes the lock when it is made, which may be later.
func (j *Jira) keep() error { return j.site.Keep("jira", site.Snapshot(j.snapshot)) }

func (j *Jira) snapshot() ([]byte, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return json.Marshal(j.state)
}

// remember keeps what stood before a change for as long as search lags behind.
func (j *Jira) remember(old *record, now time.Time) {
	lag := j.site.Lag()
	if lag <= 0 {
		clear(j.past)
		return
	}
	id := decimal(old.ID)
	j.past[id] = append(slices.DeleteFunc(j.past[id], func(r *record) bool { return now.Sub(r.Stored) > 2*lag }), old)
}

// indexed returns the issues as search sees them: as they stood when the lag began.
func (j *Jira) indexed() []*record {
	lag := j.site.Lag()
	if lag <= 0 {
		return j.all()
	}
	seen := j.site.Now().Add(-lag)
	j.mu.RLock()
	defer j.mu.RUnlock()
	var out []*record
	show := func(versions []*record) {
		for _, r := range slices.Backward(versions) {
			if !r.Stored.After(seen) {
				if !r.dead {
					out = append(out, r)
				}
				return
			}
		}
	}
	for id, r := range j.state.Issues {
		show(append(slices.Clone(j.past[id]), r))
	}
	for id, versions := range j.past {
		if _, alive := j.state.Issues[id]; !alive {
			show(versions)
		}
	}
	slices.SortFunc(out, func(a, b *record) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
