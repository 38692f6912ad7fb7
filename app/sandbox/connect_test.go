package sandbox_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/host"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
)

func TestInstallAndCallBack(t *testing.T) {
	s := open(t, sandbox.Options{})
	a := newAddon(t, s)
	app, err := s.Install(t.Context(), a.base()+"/jira.json")
	if err != nil {
		t.Fatal(err)
	}
	if app.Product != "jira" || app.ClientKey != a.client || !slices.Equal(a.life, []string{"/installed", "/enabled"}) {
		t.Errorf("got %s %s after %v", app.Product, app.ClientKey, a.life)
	}
	for _, tc := range []struct {
		name, method, path, issuer, secret string
		change                             func(jwt.MapClaims)
		want                               int
	}{
		{name: "a good token", want: 200},
		{name: "signed with another secret", secret: "other", want: 401},
		{name: "issued by the client key, as only the site does", issuer: app.ClientKey, want: 401},
		{name: "expired", change: func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Minute).Unix() }, want: 401},
		{name: "without an end", change: func(c jwt.MapClaims) { delete(c, "exp") }, want: 401},
		{name: "without a beginning", change: func(c jwt.MapClaims) { delete(c, "iat") }, want: 401},
		{name: "from the future", change: func(c jwt.MapClaims) { c["iat"] = time.Now().Add(time.Hour).Unix() }, want: 401},
		{name: "bound to another request", change: func(c jwt.MapClaims) { c["qsh"] = "00" }, want: 401},
		{name: "bound to no request", change: func(c jwt.MapClaims) { c["qsh"] = "context-qsh" }, want: 401},
		{name: "for the other product", path: "/wiki/api/v2/spaces", want: 401},
		{name: "beyond its scopes", method: "DELETE", path: "/rest/api/3/issue/SEC-1", want: 403},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.method == "" {
				tc.method = http.MethodGet
			}
			if tc.path == "" {
				tc.path = "/rest/api/3/user/assignable/search?project=SEC&query=k&query=k"
			}
			if tc.issuer == "" {
				tc.issuer = "test.app"
			}
			if tc.secret == "" {
				tc.secret = app.Secret
			}
			if got := a.call(tc.method, tc.path, tc.issuer, tc.secret, tc.change); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func TestReinstallAndUninstall(t *testing.T) {
	s := open(t, sandbox.Options{})
	a := newAddon(t, s)
	first, err := s.Install(t.Context(), a.base()+"/jira.json")
	if err != nil {
		t.Fatal(err)
	}
	a.mu.Lock()
	a.install = http.StatusServiceUnavailable
	a.mu.Unlock()
	if _, err := s.Install(t.Context(), a.base()+"/jira.json"); err == nil {
		t.Error("an install that the app refuses succeeds")
	}
	if got := a.call("GET", "/rest/api/3/myself", "test.app", first.Secret, nil); got != http.StatusOK {
		t.Errorf("after a refused install the former secret gets %d", got)
	}
	a.mu.Lock()
	a.install = http.StatusNoContent
	a.mu.Unlock()
	second, err := s.Install(t.Context(), a.base()+"/jira.json")
	if err != nil {
		t.Fatal(err)
	}
	if second.ClientKey != first.ClientKey || second.Secret == first.Secret || second.AccountID != first.AccountID {
		t.Errorf("the client key and account must stay and the secret must change")
	}
	if old, now := a.call("GET", "/rest/api/3/myself", "test.app", first.Secret, nil), a.call("GET", "/rest/api/3/myself", "test.app", second.Secret, nil); old != 401 || now != 200 {
		t.Errorf("the old secret gets %d, the new one %d", old, now)
	}
	if err := s.Host().Uninstall(t.Context(), "jira", "test.app"); err != nil {
		t.Fatal(err)
	}
	if got := a.call("GET", "/rest/api/3/myself", "test.app", second.Secret, nil); got != 401 {
		t.Errorf("after its end the app gets %d", got)
	}
	if a.life[len(a.life)-1] != "/uninstalled" {
		t.Errorf("told of %v", a.life)
	}
}

func TestBadDescriptors(t *testing.T) {
	s := open(t, sandbox.Options{})
	a := newAddon(t, s)
	for _, tc := range []struct {
		name, url string
		want      []string
	}{
		{"every mistake is named", a.base() + "/bad.json", []string{"key", "baseUrl", "authentication.type", "lifecycle.installed", "ROOT", "page_updated", "modules.webhooks"}},
		{"nothing there", a.base() + "/none.json", []string{"404"}},
		{"not on the loopback", "http://192.0.2.1/x.json", []string{"loopback"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := s.Host().Install(t.Context(), "jira", tc.url)
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want a word of %s", err, want)
				}
			}
		})
	}
	if n := len(s.Host().Apps()); n != 0 {
		t.Errorf("%d apps are installed", n)
	}
}

func TestWebhooks(t *testing.T) {
	s := open(t, sandbox.Options{Retry: []time.Duration{time.Millisecond, time.Millisecond}})
	a := newAddon(t, s)
	if _, err := s.Install(t.Context(), a.base()+"/jira.json"); err != nil {
		t.Fatal(err)
	}
	c := client{t: t, site: s}
	t.Run("told who did it", func(t *testing.T) {
		c.file(nil)
		if got := a.await(1)[0]; got.event != "jira:issue_created" || got.user != site.Dana || got.id == "" || got.retry != "" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("sent again under the same name", func(t *testing.T) {
		a.mu.Lock()
		a.events, a.refuse = nil, []int{503, 429}
		a.mu.Unlock()
		c.file(nil)
		got := a.await(3)
		if got[0].id != got[1].id || got[1].id != got[2].id || got[1].retry != "1" || got[2].retry != "2" {
			t.Errorf("got %+v", got)
		}
		if tally := a.settle(); tally.Sent != 2 || tally.Accepted != 2 || tally.Attempts != 4 || tally.Failed != 0 {
			t.Errorf("got %+v", tally)
		}
	})
	t.Run("given up", func(t *testing.T) {
		a.mu.Lock()
		a.events, a.refuse = nil, []int{503, 503, 503}
		a.mu.Unlock()
		c.file(nil)
		a.await(3)
		if tally := a.settle(); tally.Failed != 1 {
			t.Errorf("got %+v", tally)
		}
	})
	t.Run("not sent again after a refusal", func(t *testing.T) {
		a.mu.Lock()
		a.events, a.refuse = nil, []int{400}
		a.mu.Unlock()
		c.file(nil)
		a.settle()
		if got := a.await(1); len(got) != 1 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("the filter leaves other projects out", func(t *testing.T) {
		a.mu.Lock()
		a.events = nil
		a.mu.Unlock()
		before := s.State().Webhooks.Sent
		key := c.file(map[string]any{"project": map[string]string{"key": "PAY"}})
		if status, _, body := c.call("PUT", "/rest/api/2/issue/"+key, map[string]any{"fields": map[string]any{"summary": "changed"}}, nil); status != 204 {
			t.Fatal(body)
		}
		tally := a.settle()
		if got := a.await(1); len(got) != 1 || tally.Sent != before+1 {
			t.Errorf("got %+v, %+v", got, tally)
		}
	})
}

func TestWebhookFaults(t *testing.T) {
	s := open(t, sandbox.Options{})
	a := newAddon(t, s)
	if _, err := s.Install(t.Context(), a.base()+"/jira.json"); err != nil {
		t.Fatal(err)
	}
	c := client{t: t, site: s}
	for _, tc := range []struct {
		name string
		rule chaos.Rule
		want []int // the numbers of the issues, in the order of arrival
	}{
		{"none", chaos.Rule{Kind: chaos.Duplicate, Event: "nothing"}, []int{1, 2, 3}},
		{"twice", chaos.Rule{Kind: chaos.Duplicate, Times: 1}, []int{1, 1, 2, 3}},
		{"lost", chaos.Rule{Kind: chaos.Lose, Times: 1}, []int{2, 3}},
		{"out of order", chaos.Rule{Kind: chaos.Reorder, Times: 1}, []int{2, 1, 3}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a.mu.Lock()
			a.events = nil
			a.mu.Unlock()
			if err := s.Faults(chaos.Plan{Rules: []chaos.Rule{tc.rule}}); err != nil {
				t.Fatal(err)
			}
			for _, n := range []string{"1", "2", "3"} {
				c.file(map[string]any{"summary": "issue " + n})
			}
			a.settle()
			var got []int
			for _, e := range a.await(len(tc.want)) {
				got = append(got, e.number)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestModulePagesAreSigned(t *testing.T) {
	s := open(t, sandbox.Options{})
	a := newAddon(t, s)
	if _, err := s.Install(t.Context(), a.base()+"/jira.json"); err != nil {
		t.Fatal(err)
	}
	address, err := s.Host().ModuleURL("jira", "test.app", site.Amir, "/register?x=a%20b", map[string][]string{"page": {"1"}})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "JWT "+req.URL.Query().Get("jwt"))
	if claims := a.claims(req); claims["sub"] != site.Amir {
		t.Errorf("got %v", claims)
	}
	var out struct{ Token string }
	if status, _, body := (client{t: t, site: s}).call("GET", "/sandbox/apps/jira/test.app/context-token?account="+site.Amir, nil, &out); status != 200 {
		t.Fatal(body)
	}
	claims := jwt.MapClaims{}
	if _, err := jwt.ParseWithClaims(out.Token, claims, func(*jwt.Token) (any, error) { return []byte(a.secret), nil }); err != nil || claims["qsh"] != "context-qsh" {
		t.Errorf("got %v, %v", claims, err)
	}
}

func TestConfluenceIsInstalledApart(t *testing.T) {
	s := open(t, sandbox.Options{Pages: seed.Demo(), Retry: []time.Duration{time.Millisecond}})
	a := newAddon(t, s)
	inJira, err := s.Install(t.Context(), a.base()+"/jira.json")
	if err != nil {
		t.Fatal(err)
	}
	inConfluence, err := s.Install(t.Context(), a.base()+"/confluence.json")
	if err != nil {
		t.Fatal(err)
	}
	if inJira.ClientKey == inConfluence.ClientKey || inJira.Secret == inConfluence.Secret || inConfluence.Product != "confluence" {
		t.Error("the two products share a client key or secret")
	}
	a.mu.Lock()
	a.refuse = []int{503}
	a.mu.Unlock()
	page := s.Confluence().Pages()[0]
	if _, err := s.Confluence().Edit(site.Amir, page.ID, confluence.Edit{Version: 2, Title: page.Title, Body: "<p>x</p>"}); err != nil {
		t.Fatal(err)
	}
	if tally := a.settle(); tally.Attempts != 1 || tally.Failed != 1 {
		t.Errorf("Confluence sends once, whatever comes back: %+v", tally)
	}
	if got := a.await(1)[0]; got.number != 2 || got.id != "" || got.user != site.Amir {
		t.Errorf("got %+v", got)
	}
	address := "/wiki/api/v2/pages/" + page.ID + "?body-format=storage"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.BaseURL()+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, base string
		want       int
	}{{"relative to /wiki", s.BaseURL() + "/wiki", 200}, {"relative to the site", s.BaseURL(), 401}} {
		got := a.call("GET", address, "test.app", inConfluence.Secret, func(c jwt.MapClaims) { c["qsh"] = host.QSH("GET", req.URL, tc.base) })
		if got != tc.want {
			t.Errorf("a hash %s: got %d, want %d", tc.name, got, tc.want)
		}
	}
}
