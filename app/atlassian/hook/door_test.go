package hook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" // what is refused must be made
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app/atlassian/hook"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

const secret = "a secret of the administrator's"

// sink keeps what it is given, or fails.
type sink struct {
	err error
	got []work.Delivery
}

func (s *sink) Accept(_ context.Context, d work.Delivery) (bool, error) {
	if s.err == nil {
		s.got = append(s.got, d)
	}
	return true, s.err
}

func sign(body, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func signSHA1(body string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha1=" + hex.EncodeToString(mac.Sum(nil))
}

// TestReceiver is the table of what comes in, hostile senders included.
func TestReceiver(t *testing.T) {
	const page = `{"timestamp":1795435200005,"event":"page_updated","userKey":"u1","page":{"id":98765,"spaceKey":"SEC","version":4,"contentType":"page"}}`
	const issue = `{"timestamp":1795435200005,"webhookEvent":"jira:issue_updated","issue":{"id":"10040","key":"SEC-12","fields":{"status":{"name":"Done","statusCategory":{"key":"done"}}}}}`
	busy := fault.BusyFor(25*time.Second, "the disk is full")
	tests := []struct {
		name      string
		product   tenant.Product
		body      string
		signature []string
		store     error
		status    int
		kind      work.Kind // of the job that follows; empty: none
	}{
		{"a page of Data Center", tenant.Confluence, page, []string{sign(page, secret)}, nil, 204, work.ReviewPage},
		{"an issue", tenant.Jira, issue, []string{sign(issue, secret)}, nil, 204, work.SyncTicket},
		{"an event that nobody knows", tenant.Jira, `{"webhookEvent":"sprint_created"}`, []string{sign(`{"webhookEvent":"sprint_created"}`, secret)}, nil, 204, ""},
		{"the other product's event", tenant.Jira, page, []string{sign(page, secret)}, nil, 204, ""},
		{
			"a body that names another site", tenant.Jira, strings.Replace(issue, `{"id"`, `{"self":"https://globex.test/rest/api/2/issue/1","id"`, 1),
			[]string{sign(strings.Replace(issue, `{"id"`, `{"self":"https://globex.test/rest/api/2/issue/1","id"`, 1), secret)},
			nil, 204, work.SyncTicket,
		},
		{"a name that is a number", tenant.Jira, `{"webhookEvent":7}`, []string{sign(`{"webhookEvent":7}`, secret)}, nil, 204, ""},
		{"a list", tenant.Jira, `[]`, []string{sign(`[]`, secret)}, nil, 204, ""},
		{"not signed", tenant.Jira, issue, nil, nil, 401, ""},
		{"signed twice", tenant.Jira, issue, []string{sign(issue, secret), sign(issue, "x")}, nil, 401, ""},
		{"another secret", tenant.Jira, issue, []string{sign(issue, "another secret")}, nil, 401, ""},
		{"an empty secret", tenant.Jira, issue, []string{sign(issue, "")}, nil, 401, ""},
		{"another body", tenant.Jira, issue + " ", []string{sign(issue, secret)}, nil, 401, ""},
		{"sha1", tenant.Jira, issue, []string{signSHA1(issue)}, nil, 401, ""},
		{"no method", tenant.Jira, issue, []string{strings.TrimPrefix(sign(issue, secret), "sha256=")}, nil, 401, ""},
		{"a method that nobody knows", tenant.Jira, issue, []string{strings.Replace(sign(issue, secret), "sha256", "none", 1)}, nil, 401, ""},
		{"method in other letters", tenant.Jira, issue, []string{strings.Replace(sign(issue, secret), "sha256", "SHA256", 1)}, nil, 401, ""},
		{"cut short", tenant.Jira, issue, []string{sign(issue, secret)[:40]}, nil, 401, ""},
		{"no code", tenant.Jira, issue, []string{"sha256="}, nil, 401, ""},
		{"no hex", tenant.Jira, issue, []string{"sha256=" + strings.Repeat("z", 64)}, nil, 401, ""},
		{"a giant signature", tenant.Jira, issue, []string{"sha256=" + strings.Repeat("a", 60000)}, nil, 401, ""},
		{"a giant body", tenant.Jira, strings.Repeat(" ", 10<<20+1), []string{sign(issue, secret)}, nil, 413, ""},
		{"empty", tenant.Jira, "", []string{sign("", secret)}, nil, 400, ""},
		{"no JSON", tenant.Jira, "{", []string{sign("{", secret)}, nil, 400, ""},
		{"no issue", tenant.Jira, `{"webhookEvent":"jira:issue_updated"}`, []string{sign(`{"webhookEvent":"jira:issue_updated"}`, secret)}, nil, 400, ""},
		{"a store that is busy", tenant.Jira, issue, []string{sign(issue, secret)}, busy, 503, ""},
		{"a store that failed", tenant.Jira, issue, []string{sign(issue, secret)}, errors.New("torn page"), 503, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &sink{err: tt.store}
			var log strings.Builder
			r := hook.New(hook.Options{
				Tenant: "acme.test", Secret: tenant.NewSecret(secret), Sink: s,
				Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			req := httptest.NewRequest(http.MethodPost, "/hook/"+string(tt.product), strings.NewReader(tt.body))
			for _, value := range tt.signature {
				req.Header.Add("X-Hub-Signature", value)
			}
			w := httptest.NewRecorder()
			r.Handler(tt.product).ServeHTTP(w, req)
			if w.Code != tt.status || w.Body.Len() > 0 {
				t.Errorf("%d with body %q, want %d without", w.Code, w.Body, tt.status)
			}
			for _, private := range append(tt.signature, secret) {
				if len(private) > len("sha256=") && strings.Contains(log.String(), private) {
					t.Errorf("the log shows %q", private)
				}
			}
			if tt.store != nil && w.Header().Get("Retry-After") == "" {
				t.Error("503 without Retry-After")
			}
			if tt.kind == "" {
				if len(s.got) > 0 {
					t.Errorf("accepted %+v", s.got)
				}
				return
			}
			if len(s.got) != 1 || s.got[0].Tenant != "acme.test" || s.got[0].Key == "" || len(s.got[0].Jobs) != 1 || s.got[0].Jobs[0].Kind != tt.kind {
				t.Errorf("accepted %+v, want one %s", s.got, tt.kind)
			}
		})
	}
}

// TestIdentifier: Jira's retries of one event have one key.
func TestIdentifier(t *testing.T) {
	const body = `{"webhookEvent":"jira:issue_deleted","issue":{"id":"1","key":"A-1"}}`
	s := &sink{}
	r := hook.New(hook.Options{Tenant: "acme.test", Secret: tenant.NewSecret(secret), Sink: s})
	for range 2 {
		req := httptest.NewRequest(http.MethodPost, "/hook/jira", strings.NewReader(body))
		req.Header.Set("X-Hub-Signature", sign(body, secret))
		req.Header.Set("X-Atlassian-Webhook-Identifier", "77aa")
		r.Handler(tenant.Jira).ServeHTTP(httptest.NewRecorder(), req)
	}
	if len(s.got) != 2 || s.got[0].Key != s.got[1].Key || !strings.Contains(s.got[0].Key, "77aa") {
		t.Errorf("deliveries %+v", s.got)
	}
}

func TestAccountSigns(t *testing.T) {
	tests := []struct {
		name    string
		account hook.Account
		want    string
		err     bool
	}{
		{"Cloud", hook.Account{Email: "bot@acme.test", Token: tenant.NewSecret("t0ken")}, "Basic Ym90QGFjbWUudGVzdDp0MGtlbg==", false},
		{"Data Center", hook.Account{Token: tenant.NewSecret("t0ken")}, "Bearer t0ken", false},
		{"taken out of the configuration", hook.Account{}, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := httptest.NewRequest(http.MethodGet, "https://acme.test/", nil)
			err := tt.account.Sign(req)
			if got := req.Header.Get("Authorization"); got != tt.want || (err != nil) != tt.err {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// TestAccountOfProducts signs for each product with the token that it made; without one of its own Jira takes Confluence's.
func TestAccountOfProducts(t *testing.T) {
	one := hook.Account{Edition: tenant.DataCenter, Token: tenant.NewSecret("wiki")}
	two := one
	two.JiraToken = tenant.NewSecret("jira")
	tests := []struct {
		name    string
		account hook.Account
		product tenant.Product
		want    string
	}{
		{"Confluence", two, tenant.Confluence, "Bearer wiki"},
		{"Jira", two, tenant.Jira, "Bearer jira"},
		{"Jira without one of its own", one, tenant.Jira, "Bearer wiki"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := httptest.NewRequest(http.MethodGet, "https://acme.test/", nil)
			if err := tt.account.For(tt.product).Sign(req); err != nil || req.Header.Get("Authorization") != tt.want {
				t.Errorf("%q, %v", req.Header.Get("Authorization"), err)
			}
		})
	}
	for _, in := range one.Installations(time.Now()) {
		if in.Edition != tenant.DataCenter {
			t.Errorf("%s is kept as one of the edition %q", in.Product, in.Edition)
		}
	}
}

func FuzzReceiver(f *testing.F) {
	f.Add("sha256=00", `{"event":"page_updated","page":{"id":1}}`)
	f.Add("", `{"webhookEvent":7}`)
	f.Fuzz(func(t *testing.T, signature, body string) {
		s := &sink{}
		r := hook.New(hook.Options{Tenant: "acme.test", Secret: tenant.NewSecret(secret), Sink: s})
		for _, sig := range []string{signature, sign(body, secret)} {
			req := httptest.NewRequest(http.MethodPost, "/hook/confluence", strings.NewReader(body))
			req.Header.Set("X-Hub-Signature", sig)
			w := httptest.NewRecorder()
			r.Handler(tenant.Confluence).ServeHTTP(w, req)
			if sig != sign(body, secret) && w.Code != http.StatusUnauthorized {
				t.Fatalf("%d for the signature %q", w.Code, sig)
			}
			if w.Code >= 500 {
				t.Fatalf("%d for %q", w.Code, body)
			}
		}
	})
}
