package cql_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/sandbox/confluence/cql"
)

var now = time.Date(2026, 11, 23, 10, 30, 45, 0, time.UTC)

func text(s string) func() string { return func() string { return s } }

func items() []cql.Item {
	return []cql.Item{
		{
			ID: "1", Type: "page", SpaceKey: "PAY", SpaceType: "global", Title: "Checkout threat model", Labels: []string{"design", "threat-model"},
			Creator: "mira", Contributors: []string{"mira", "jon"}, Created: now.AddDate(0, -1, 0), LastModified: now.Add(-4 * time.Minute), Text: text("tokens"),
		},
		{
			ID: "22", Type: "page", SpaceKey: "PAY", SpaceType: "global", Title: "Release notes", Creator: "jon", Contributors: []string{"jon"},
			Created: now.AddDate(-1, 0, 0), LastModified: now.AddDate(0, 0, -1), Ancestors: []string{"1"}, Text: text("what is new"),
		},
		{
			ID: "3", Type: "page", SpaceKey: "OPS", SpaceType: "global", Title: "Checkout runbook", Labels: []string{"runbook"}, Creator: "mira",
			Created: now.Add(-time.Hour), LastModified: now.Add(-10 * time.Second), Text: text("call the on-call"),
		},
	}
}

func TestMatch(t *testing.T) {
	tests := []struct {
		query string
		want  []string
	}{
		{`type = page`, []string{"1", "22", "3"}},
		{`type=page and space="PAY"`, []string{"1", "22"}},
		{`space in (OPS, "XX")`, []string{"3"}},
		{`space not in ("PAY")`, []string{"3"}},
		{`space != PAY`, []string{"3"}},
		{`label = "threat-model"`, []string{"1"}},
		{`label in (runbook,DESIGN)`, []string{"1", "3"}},
		{`label != design`, []string{"22", "3"}},
		{`title = "checkout runbook"`, []string{"3"}},
		{`title ~ checkout`, []string{"1", "3"}},
		{`title ~ "check*"`, []string{"1", "3"}},
		{`title ~ "check"`, nil},
		{`title ~ "\"threat model\""`, []string{"1"}},
		{`title !~ checkout`, []string{"22"}},
		{`text ~ "on-call"`, []string{"3"}},
		{`id = 22`, []string{"22"}},
		{`id in (1,3)`, []string{"1", "3"}},
		{`creator = currentUser()`, []string{"1", "3"}},
		{`contributor = jon`, []string{"1", "22"}},
		{`parent = 1`, []string{"22"}},
		{`lastmodified >= now("-5m")`, []string{"1", "3"}},
		{`lastModified > "2026-11-23 10:26"`, []string{"3"}},
		{`lastmodified >= "2026-11-23 10:26"`, []string{"1", "3"}},
		{`lastmodified = "2026/11/23 10:30"`, []string{"3"}},
		{`lastmodified < "2026-11-23"`, []string{"22"}},
		{`created > startOfDay("-7d")`, []string{"3"}},
		{`created >= startOfYear()`, []string{"1", "3"}},
		{`not space = PAY`, []string{"3"}},
		{`label = design or label = runbook and space = OPS`, []string{"1", "3"}},
		{`(label = design or label = runbook) and space = OPS`, []string{"3"}},
		{`type = page order by title`, []string{"3", "1", "22"}},
		{`type = page order by lastmodified desc, id`, []string{"3", "1", "22"}},
		{`order by id desc`, []string{"22", "3", "1"}},
		{`type = blogpost`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			q, err := cql.Parse(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			var hits []cql.Item
			for _, item := range items() {
				if q.Match(item, cql.Env{Now: now, User: "mira"}) {
					hits = append(hits, item)
				}
			}
			q.Sort(hits)
			var got []string
			for _, h := range hits {
				got = append(got, h.ID)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, query := range []string{
		``, `type`, `type =`, `type = page and`, `colour = red`, `type ~ page`, `title > a`, `(type = page`, `type = page)`,
		`label in design`, `label in (design`, `label = "design`, `lastmodified = yesterday`, `created > now("soon")`, `space = now()`,
		`order type`, `type = page order by colour`, `type = page space = PAY`, `not`, `type == page`, `type ! page`, `text = x`,
		`created in ("2026-01-01")`, `lastmodified > currentUser()`,
	} {
		t.Run(query, func(t *testing.T) {
			_, err := cql.Parse(query)
			var syntax *cql.SyntaxError
			if !errors.As(err, &syntax) {
				t.Errorf("error = %v, want a SyntaxError", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`type = page and (label in ("a", b) or not title ~ "c*") order by lastmodified desc`)
	f.Add(`lastmodified >= now("-5m")`)
	f.Fuzz(func(t *testing.T, s string) {
		q, err := cql.Parse(s)
		if err != nil {
			return
		}
		all := items()
		for _, item := range all {
			q.Match(item, cql.Env{Now: now})
		}
		q.Sort(all)
	})
}
