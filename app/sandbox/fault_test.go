package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/chaos"
)

func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		name   string
		rule   chaos.Rule
		status int // 0: the connection is dropped
		kept   bool
		header map[string]string
	}{
		{name: "none", rule: chaos.Rule{Kind: chaos.Latency, Delay: chaos.Duration(time.Millisecond)}, status: 201, kept: true},
		{name: "rate limit", rule: chaos.Rule{Kind: chaos.RateLimit, RetryAfter: 7}, status: 429, header: map[string]string{"Retry-After": "7", "Ratelimit-Reason": "jira-burst-based"}},
		{name: "quota", rule: chaos.Rule{Kind: chaos.RateLimit, Reason: "jira-quota-global-based"}, status: 429, header: map[string]string{"Retry-After": "1", "Ratelimit-Reason": "jira-quota-global-based"}},
		{name: "error before", rule: chaos.Rule{Kind: chaos.ErrorBefore}, status: 503},
		{name: "error after", rule: chaos.Rule{Kind: chaos.ErrorAfter, Status: 500, RetryAfter: 2}, status: 500, kept: true, header: map[string]string{"Retry-After": "2"}},
		{name: "dropped before", rule: chaos.Rule{Kind: chaos.DropBefore}},
		{name: "dropped after", rule: chaos.Rule{Kind: chaos.DropAfter}, kept: true},
		{name: "stalled", rule: chaos.Rule{Kind: chaos.Stall, Delay: chaos.Duration(20 * time.Millisecond)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := open(t, sandbox.Options{})
			admin := client{t: t, site: s, who: -1}
			tc.rule.Method, tc.rule.Path, tc.rule.Times = "POST", "/issue$", 1
			if status, _, body := admin.call("PUT", "/sandbox/faults", chaos.Plan{Rules: []chaos.Rule{tc.rule}}, nil); status != 200 {
				t.Fatal(body)
			}
			c := client{t: t, site: s}
			body := map[string]any{"fields": map[string]any{"project": map[string]any{"key": "SEC"}, "issuetype": map[string]any{"name": "Task"}, "summary": "x"}}
			status, header, text := c.call("POST", "/rest/api/2/issue", body, nil)
			if status != tc.status {
				t.Errorf("got %d %s, want %d", status, text, tc.status)
			}
			for name, want := range tc.header {
				if got := header.Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if issues, _ := s.Jira().Count(); (issues == 1) != tc.kept {
				t.Errorf("there are %d issues, kept: %t", issues, tc.kept)
			}
			if status, _, text := c.call("POST", "/rest/api/2/issue", body, nil); status != 201 {
				t.Errorf("it fails more often than asked: %d %s", status, text)
			}
			var plan chaos.Plan
			if admin.call("GET", "/sandbox/faults", nil, &plan); plan.Rules[0].Hits != 1 {
				t.Errorf("got %d hits", plan.Rules[0].Hits)
			}
		})
	}
}

func TestFaultsAreReproducible(t *testing.T) {
	s := open(t, sandbox.Options{})
	c := client{t: t, site: s}
	run := func() (out string) {
		if err := s.Faults(chaos.Plan{Seed: 42, Rules: []chaos.Rule{{Kind: chaos.ErrorBefore, Probability: 0.5}}}); err != nil {
			t.Fatal(err)
		}
		for range 24 {
			status, _, _ := c.call("GET", "/rest/api/3/serverInfo", nil, nil)
			out += map[int]string{200: ".", 503: "x"}[status]
		}
		return out
	}
	first, second := run(), run()
	if first != second || len(first) != 24 || !strings.Contains(first, ".") || !strings.Contains(first, "x") {
		t.Errorf("got %s and %s", first, second)
	}
}

func TestBadFaultsAreRefused(t *testing.T) {
	s := open(t, sandbox.Options{})
	for _, body := range []string{`{"rules":[{"kind":"fire"}]}`, `{"rules":[{"kind":"stall","path":"("}]}`, `{"rules":[{"kind":"error-before","status":200}]}`, `{"rules":[{"kind":"latency"}]}`, `{"rules":[{"kind":"latency","delay":"long"}]}`, `[`} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.BaseURL()+"/sandbox/faults", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s answered %d", body, resp.StatusCode)
		}
	}
}
