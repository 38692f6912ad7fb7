package task

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/extract/catalog"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
)

// scene is a desk over a store of its own, with a site of one page. Answers not set here are Jira's and Confluence's 404.
type scene struct {
	*testing.T
	desk *Desk
	book store.Store

	mu      sync.Mutex
	status  string // of the page
	version int
	body    string
	labels  []string
	listed  bool                     // the search finds the page
	answers map[string]func() string // by "METHOD /path"; empty means 403
	lose    map[string]int           // calls that are done once and answered with this status
	bodies  map[string]*[]string     // calls whose bodies are kept
}

const threats = `<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr>` +
	`<tr><td>An attacker guesses passwords of customers until one fits</td><td>Lock accounts out after five failures</td></tr></tbody></table>`

func enter(t *testing.T) *scene {
	t.Helper()
	s := &scene{T: t, book: shelf(t), status: "current", version: 1, body: threats, labels: []string{"threat-model"}, listed: true, answers: map[string]func() string{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	wiki := confluence.New(server.URL+"/wiki", server.Client())
	tickets, err := jira.New(server.URL, server.Client())
	if err != nil {
		t.Fatal(err)
	}
	policy := DefaultPolicy()
	policy.Project = "SEC"
	s.desk = &Desk{
		Book: s.book, Sites: atlassian{wiki, tickets}, Scanner: catalog.Engine(), Policy: policy,
		Now: time.Now, Log: slog.New(slog.DiscardHandler), Count: uncounted{},
	}
	return s
}

// atlassian is the clients of the one site.
type atlassian struct {
	wiki *confluence.Client
	jira *jira.Client
}

func (a atlassian) Confluence(context.Context, tenant.ID) (*confluence.Client, error) {
	return a.wiki, nil
}
func (a atlassian) Jira(context.Context, tenant.ID) (*jira.Client, error) { return a.jira, nil }
func (a atlassian) JiraURL(context.Context, tenant.ID) (string, error)    { return "https://x.test", nil }

func (a atlassian) Edition(context.Context, tenant.ID) (tenant.Edition, error) {
	return tenant.Cloud, nil
}

func (s *scene) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := r.Method + " " + r.URL.Path
	if status := s.lose[call]; status != 0 {
		delete(s.lose, call)
		s.serve(httptest.NewRecorder(), r, call)
		w.WriteHeader(status)
		return
	}
	s.serve(w, r, call)
}

func (s *scene) serve(w http.ResponseWriter, r *http.Request, call string) {
	if kept := s.bodies[call]; kept != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s.Error(err)
		}
		*kept = append(*kept, string(body))
	}
	w.Header().Set("Content-Type", "application/json")
	answer, set := s.answers[call]
	switch {
	case set:
		if text := answer(); text != "" {
			_, _ = io.WriteString(w, text)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	case call == "GET /wiki/api/v2/pages/42" && s.status != "":
		_ = json.NewEncoder(w).Encode(s.page())
	case call == "PUT /wiki/rest/api/content/42":
		var in struct {
			Body struct{ Storage struct{ Value string } }
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			s.Error(err)
		}
		s.version, s.body = s.version+1, in.Body.Storage.Value
		fmt.Fprintf(w, `{"version":{"number":%d}}`, s.version)
	case call == "GET /wiki/rest/api/search" && s.listed:
		fmt.Fprintf(w, `{"results":[{"content":{"id":"42","type":"page","version":{"number":%d}}}]}`, s.version)
	case call == "GET /rest/api/2/issue/createmeta/SEC/issuetypes":
		_, _ = io.WriteString(w, `{"issueTypes":[{"id":"10001","name":"Task"}]}`)
	case call == "GET /wiki/rest/api/search":
		_, _ = io.WriteString(w, `{"results":[]}`)
	default:
		http.NotFound(w, r)
	}
}

func (s *scene) page() map[string]any {
	labels := []map[string]string{}
	for _, l := range s.labels {
		labels = append(labels, map[string]string{"name": l})
	}
	return map[string]any{
		"id": "42", "title": "Login", "status": s.status, "labels": map[string]any{"results": labels},
		"version": map[string]any{"number": s.version, "createdAt": noon, "authorId": "ann"},
		"body":    map[string]any{"storage": map[string]string{"value": s.body}},
		"_links":  map[string]string{"base": "https://x.test/wiki", "webui": "/spaces/ENG/pages/42/Login"},
	}
}

// accept has a job done, and all that follow from it and are due, and returns what is held.
func (s *scene) accept(job work.Job) []work.Job {
	s.Helper()
	job.Subject = "42"
	if job.Kind == work.Sweep || job.Kind == work.AuditTickets {
		job.Subject = "site"
	}
	if err := s.book.Commit(s.Context(), trace.Change{Tenant: site, Jobs: []work.Job{job}}); err != nil {
		s.Fatal(err)
	}
	return s.run()
}

// run does what is due, and returns what is held.
func (s *scene) run() []work.Job {
	s.Helper()
	ctx, stop := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.book.Run(ctx, s.desk.Handlers()) }()
	for end := time.Now().Add(20 * time.Second); ; {
		if idle, err := s.book.Idle(s.Context()); err != nil || time.Now().After(end) {
			s.Fatalf("the jobs did not come to rest: %v", err)
		} else if idle {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	stop()
	if err := <-ended; err != nil {
		s.Fatal(err)
	}
	held, err := s.book.Peek(s.Context(), work.Filter{State: work.Held})
	if err != nil {
		s.Fatal(err)
	}
	return held
}

func (s *scene) record() trace.Record {
	s.Helper()
	rec, err := s.book.Page(s.Context(), site, "42")
	if err != nil {
		s.Fatal(err)
	}
	return rec
}

func (s *scene) panel() bool { return strings.Contains(s.body, "Threat traceability") }

const (
	components = "GET /rest/api/2/project/SEC/components"
	assignable = "GET /rest/api/2/user/assignable/search"
	create     = "POST /rest/api/2/issue/bulk"
	linkBack   = "POST /rest/api/2/issue/10/remotelink"
)

func saying(text string) func() string { return func() string { return text } }
