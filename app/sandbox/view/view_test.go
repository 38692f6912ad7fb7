package view_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/jira"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/sandbox/view"
)

// memory is a site that keeps nothing and tells the view of what happens.
type memory struct {
	mu   sync.Mutex
	tell func()
}

func (m *memory) Now() time.Time     { return time.Date(2026, 11, 23, 10, 30, 5, 0, time.UTC) }
func (m *memory) BaseURL() string    { return "http://127.0.0.1:8091" }
func (m *memory) Users() []site.User { return site.People() }
func (m *memory) User(id string) (site.User, bool) {
	for _, u := range m.Users() {
		if u.AccountID == id {
			return u, true
		}
	}
	return site.User{}, false
}
func (m *memory) Caller(context.Context) site.User { return site.User{} }
func (m *memory) Keep(string, any) error           { return nil }
func (m *memory) Load(string, any) (bool, error)   { return false, nil }
func (m *memory) Lag() time.Duration               { return 0 }
func (m *memory) Emit(site.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tell != nil {
		m.tell()
	}
}

// browser is somebody who looks at a site with the demo's pages and issues.
type browser struct {
	t      *testing.T
	wiki   *confluence.Confluence
	jira   *jira.Jira
	url    string
	client *http.Client
}

func open(t *testing.T) *browser {
	t.Helper()
	m := &memory{}
	wiki, err := confluence.New(m, confluence.Options{Spaces: []confluence.Space{{Key: seed.SpaceKey, Name: seed.SpaceName}}})
	if err != nil {
		t.Fatal(err)
	}
	space, _ := wiki.Space(seed.SpaceKey)
	for _, p := range seed.Demo() {
		if _, err := wiki.Create(p.Owner, confluence.Draft{SpaceID: space.ID, Title: p.Title, Body: p.Body, Labels: p.Labels}); err != nil {
			t.Fatal(err)
		}
	}
	tracker, err := jira.New(m, jira.Demo())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range seed.Issues() {
		if _, err := tracker.Create(i.Reporter, map[string]any{
			"project": map[string]string{"key": i.Project}, "issuetype": map[string]string{"name": i.Type}, "summary": i.Summary,
			"description": i.Description, "labels": i.Labels, "assignee": map[string]string{"accountId": i.Assignee},
		}); err != nil {
			t.Fatal(err)
		}
	}
	v, err := view.New(m, wiki, tracker)
	if err != nil {
		t.Fatal(err)
	}
	m.tell = v.Changed
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	t.Cleanup(v.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, wiki, tracker, server.URL, &http.Client{Jar: jar}}
}

func (b *browser) get(path string) (int, string) {
	b.t.Helper()
	status, _, page := b.send(http.MethodGet, path, nil, nil)
	return status, page
}

func (b *browser) post(path string, form url.Values) (int, string) {
	b.t.Helper()
	status, _, page := b.send(http.MethodPost, path, form, nil)
	return status, page
}

func (b *browser) send(method, path string, form url.Values, header map[string]string) (int, http.Header, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(raw)
}

// shows fails the test unless every one of wanted stands in the page.
func (b *browser) shows(path string, wanted ...string) {
	b.t.Helper()
	status, page := b.get(path)
	if status != http.StatusOK {
		b.t.Fatalf("GET %s: status %d", path, status)
	}
	for _, want := range wanted {
		if !strings.Contains(page, want) {
			b.t.Errorf("GET %s does not show %q", path, want)
		}
	}
}

func (b *browser) page(title string) confluence.Page {
	b.t.Helper()
	for _, p := range b.wiki.Pages() {
		if strings.HasPrefix(p.Title, title) {
			return p
		}
	}
	b.t.Fatalf("there is no page %s", title)
	return confluence.Page{}
}

func TestPagesShowWhatIsThere(t *testing.T) {
	b := open(t)
	checkout := b.page("Checkout")
	b.shows("/", "Checkout API: threat model", "Security", "filed")
	b.shows("/wiki/spaces/MAR", "Evidence vault: security review", "threat-model")
	b.shows("/wiki/spaces/MAR/pages/"+checkout.ID+"/any", "Threats", "@Amir Haddad", `class="lozenge red">Critical`, `href="/browse/SEC-1"`, "To Do")
	b.shows("/wiki/pages/"+checkout.ID, "<h1 id=\"title\">Checkout API: threat model</h1>")
	b.shows("/wiki/pages/"+checkout.ID+"/history", "v. 1")
	b.shows("/wiki/pages/"+checkout.ID+"/versions/1", "This is the current version")
	b.shows("/wiki/pages/"+checkout.ID+"/edit", "&lt;ac:structured-macro")
	b.shows("/projects/SEC", "SEC-1", "Four eyes for refunds")
	b.shows("/browse/SEC-1", "Four eyes for refunds", "Start progress", "Lucia Ferreira", "the console asks for an approver")
	for _, path := range []string{"/wiki/pages/1", "/browse/SEC-99", "/projects/NO", "/wiki/spaces/NO", "/nothing", "/-/static/x"} {
		if status, _ := b.get(path); status != http.StatusNotFound {
			t.Errorf("GET %s: status %d, want 404", path, status)
		}
	}
}

func TestEditing(t *testing.T) {
	b := open(t)
	p := b.page("Ledger")
	edit := func(version, body string) (int, string) {
		return b.post("/wiki/pages/"+p.ID+"/edit", url.Values{"version": {version}, "title": {p.Title}, "body": {body}, "message": {"why"}, "minor": {"1"}})
	}
	if status, page := edit("1", "<p>broken"); status != http.StatusBadRequest || !strings.Contains(page, "Error parsing xhtml") || !strings.Contains(page, "&lt;p&gt;broken") {
		t.Errorf("a malformed body: status %d; the form must say why and keep what was typed", status)
	}
	if status, page := edit("1", "<p>one\r\ntwo</p>"); status != http.StatusOK || !strings.Contains(page, "<p>one\ntwo</p>") {
		t.Errorf("a good body: status %d", status)
	}
	now, _ := b.wiki.Page(p.ID)
	if v := now.Version(); v.Number != 2 || !v.Minor || v.Message != "why" || v.AuthorID != site.Dana {
		t.Errorf("version is %+v", v)
	}
	if status, page := edit("1", "<p>mine</p>"); status != http.StatusConflict || !strings.Contains(page, "&lt;p&gt;mine") || !strings.Contains(page, `name="version" value="2"`) {
		t.Errorf("a stale form: status %d; it must keep what was typed and go on from the current version", status)
	}
	b.shows("/wiki/pages/"+p.ID+"/versions/1", "Make this the current version", "Back to version 1")
	b.shows("/wiki/pages/"+p.ID+"/versions/2", "What changed from the version before", "<ins>one two</ins>")
}

func TestTrashAndNewPage(t *testing.T) {
	b := open(t)
	status, page := b.post("/wiki/pages/new", url.Values{"space": {"MAR"}, "title": {"A <b>new</b> page"}, "body": {"<p>x</p>"}, "labels": {"design, x"}})
	if status != http.StatusOK || !strings.Contains(page, "A &lt;b&gt;new&lt;/b&gt; page") {
		t.Fatalf("create: status %d", status)
	}
	p := b.page("A <b>new")
	if !p.HasLabel("design") || !p.HasLabel("x") {
		t.Errorf("labels are %v", p.Labels)
	}
	b.post("/wiki/pages/"+p.ID+"/trash", nil)
	b.shows("/wiki/pages/"+p.ID, "This page is in the trash")
	b.post("/wiki/pages/"+p.ID+"/restore", nil)
	if p, _ := b.wiki.Page(p.ID); p.Status != confluence.Current {
		t.Errorf("restored page is %s", p.Status)
	}
}

func TestIssueActions(t *testing.T) {
	b := open(t)
	b.post("/-/actor", url.Values{"account": {site.Kenji}, "back": {"/browse/SEC-1"}})
	b.post("/browse/SEC-1/transition", url.Values{"transition": {"11"}})
	b.post("/browse/SEC-1/assignee", url.Values{"account": {site.Kenji}})
	b.post("/browse/SEC-1/duedate", url.Values{"duedate": {"2026-12-24"}})
	b.post("/browse/SEC-1/comment", url.Values{"comment": {"/verify done"}})
	i, _ := b.jira.Issue("SEC-1")
	if i.Status.Name != "In Progress" || i.Assignee.AccountID != site.Kenji || i.DueDate != "2026-12-24" || len(i.Comments) != 1 {
		t.Errorf("issue is %s, assigned to %s, due %s, %d comments", i.Status.Name, i.Assignee.Name, i.DueDate, len(i.Comments))
	}
	if i.History[0].Author.AccountID != site.Kenji {
		t.Errorf("acted as %s, want Kenji", i.History[0].Author.Name)
	}
	id := i.Comments[0].ID
	b.post("/browse/SEC-1/comment/"+id, url.Values{"comment": {"/owner @Lucia Ferreira, please"}})
	if i, _ = b.jira.Issue("SEC-1"); len(i.Comments) != 1 || i.Comments[0].Text != "/owner [~accountid:"+site.Lucia+"], please" {
		t.Errorf("edited, the comments are %+v", i.Comments)
	}
	b.post("/-/actor", url.Values{"account": {site.Sofia}, "back": {"/browse/SEC-1"}})
	if status, _ := b.post("/browse/SEC-1/comment/"+id, url.Values{"delete": {"1"}}); status != http.StatusForbidden {
		t.Errorf("deleting another's comment: status %d", status)
	}
	b.post("/-/actor", url.Values{"account": {site.Kenji}, "back": {"/browse/SEC-1"}})
	b.post("/browse/SEC-1/comment/"+id, url.Values{"delete": {"1"}})
	if i, _ = b.jira.Issue("SEC-1"); len(i.Comments) != 0 {
		t.Errorf("deleted, the comments are %+v", i.Comments)
	}
	if status, page := b.post("/browse/SEC-1/transition", url.Values{"transition": {"31"}}); status < 400 || status >= 500 || !strings.Contains(page, "That did not work") {
		t.Errorf("a transition the workflow forbids: status %d", status)
	}
	b.shows("/wiki/pages/"+b.page("Checkout").ID, `<span class="lozenge blue">In Progress</span>`)
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	b := open(t)
	p := b.page("Ledger")
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"} {
		status, _, _ := b.send(http.MethodPost, "/wiki/pages/"+p.ID+"/trash", nil, map[string]string{header: value})
		if status != http.StatusForbidden {
			t.Errorf("with %s: %s the status is %d, want 403", header, value, status)
		}
	}
	if p, _ := b.wiki.Page(p.ID); p.Status != confluence.Current {
		t.Error("the page was put into the trash")
	}
}

func TestActorGoesBackWithinTheSite(t *testing.T) {
	b := open(t)
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, tt := range []struct{ back, want string }{
		{"/browse/SEC-1", "/browse/SEC-1"}, {"//evil.test", "/"}, {"https://evil.test", "/"}, {`/\evil.test`, "/"}, {"", "/"},
	} {
		_, header, _ := b.send(http.MethodPost, "/-/actor", url.Values{"account": {site.Amir}, "back": {tt.back}}, nil)
		if got := header.Get("Location"); got != tt.want {
			t.Errorf("back %q leads to %q, want %q", tt.back, got, tt.want)
		}
	}
}

func TestStreamTellsOfChanges(t *testing.T) {
	b := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"/-/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	next := func() string {
		t.Helper()
		var got strings.Builder
		one := make([]byte, 1)
		for !strings.HasSuffix(got.String(), "\n\n") {
			if _, err := res.Body.Read(one); err != nil {
				t.Fatalf("after %q: %v", got.String(), err)
			}
			got.Write(one)
		}
		return got.String()
	}
	if got := next(); !strings.Contains(got, "event: change") {
		t.Fatalf("first event is %q", got)
	}
	p := b.page("Ledger")
	changes := map[string]func() error{
		"an edit": func() error {
			_, err := b.wiki.Edit(site.Amir, p.ID, confluence.Edit{Version: 2, Title: p.Title, Body: "<p>x</p>"})
			return err
		},
		"a property": func() error {
			_, err := b.wiki.CreateProperty(site.Amir, p.ID, "k", json.RawMessage(`1`))
			return err
		},
		"a transition": func() error { return b.jira.Transition(site.Amir, "SEC-1", "11", "") },
	}
	for name, change := range changes {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if got := next(); !strings.Contains(got, "event: change") {
			t.Errorf("after %s: %q", name, got)
		}
	}
}

func TestEveryPageIsGuarded(t *testing.T) {
	b := open(t)
	for _, path := range []string{"/", "/browse/SEC-1", "/wiki/pages/" + b.page("Checkout").ID, "/nothing", "/-/static/live.js"} {
		_, header, page := b.send(http.MethodGet, path, nil, nil)
		policy := header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("GET %s: policy is %q", path, policy)
		}
		if strings.Contains(page, " style=") || strings.Contains(page, "<script>") {
			t.Errorf("GET %s has something inline that the policy forbids", path)
		}
	}
}
