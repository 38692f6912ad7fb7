package task

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
)

// staff are the people of a project, all assignable.
type staff []jira.User

func (s staff) CanAssign(_ context.Context, _, account string) (jira.User, bool, error) {
	for _, u := range s {
		if u.AccountID == account {
			return u, true, nil
		}
	}
	return jira.User{}, false, nil
}

func (s staff) Assignable(_ context.Context, _, name string) ([]jira.User, error) {
	var out []jira.User
	for _, u := range s {
		if strings.Contains(strings.ToLower(u.Name), strings.ToLower(name)) {
			out = append(out, u)
		}
	}
	return out, nil
}

func TestResolve(t *testing.T) {
	people := staff{
		{AccountID: "mira", Name: "Mira Kowalski", Active: true},
		{AccountID: "ann", Name: "Ann Lee", Active: true},
		{AccountID: "annie", Name: "Annie Lee", Active: true},
		{AccountID: "old", Name: "Old Timer", Active: false},
		{AccountID: "lead", Name: "Lea D", Active: true},
		{AccountID: "author", Name: "Au Thor", Active: true},
		{AccountID: "last", Name: "Last Resort", Active: true},
	}
	tests := []struct {
		name      string
		person    threat.Person
		lead      string
		pageOwner string
		fallback  string
		want      string
		reason    string // part of it
	}{
		{"a mention wins", threat.Person{Account: "mira", Name: "@mira"}, "lead", "author", "last", "mira", "mentioned with the threat"},
		{"a name that fits one", threat.Person{Name: "kowalski"}, "lead", "author", "last", "mira", `named with the threat as "kowalski"`},
		{"a whole name among several", threat.Person{Name: "ann lee"}, "", "", "last", "ann", "named"},
		{"a name that fits two", threat.Person{Name: "Lee"}, "lead", "author", "last", "lead", `"Lee" fits 2 people`},
		{"nobody of that name", threat.Person{Name: "Platform Team"}, "", "author", "last", "author", `nobody assignable is called "Platform Team"`},
		{"who left is passed over", threat.Person{Account: "old"}, "", "author", "", "author", "the person mentioned with the threat cannot be assigned"},
		{"the lead of the component", threat.Person{}, "lead", "author", "last", "lead", "leads the component Login"},
		{"the owner of the page", threat.Person{}, "", "author", "last", "author", "owns the page"},
		{"the default", threat.Person{}, "", "", "last", "last", "default of the site"},
		{"an outsider owns the page", threat.Person{}, "", "stranger", "last", "last", "the owner of the page cannot be assigned in SEC"},
		{"nobody", threat.Person{}, "", "", "", "", "names nobody"},
		{"nobody who can", threat.Person{Name: "Lee"}, "", "stranger", "", "", "fits 2 people"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			part := jira.Component{Name: "Login", Lead: jira.User{AccountID: tt.lead}}
			got, err := resolve(context.Background(), people, "SEC", candidates(threat.Text{Person: tt.person}, part, tt.pageOwner, Policy{DefaultOwner: tt.fallback}))
			if err != nil {
				t.Fatal(err)
			}
			if got.Account != tt.want || !strings.Contains(got.Reason, tt.reason) {
				t.Errorf("got %q because %q, want %q because … %q", got.Account, got.Reason, tt.want, tt.reason)
			}
		})
	}
}

// deaf is a Jira that cannot be asked.
type deaf struct{ staff }

func (deaf) CanAssign(context.Context, string, string) (jira.User, bool, error) {
	return jira.User{}, false, &fault.Error{Kind: fault.Busy, Err: errors.New("down")}
}

func TestResolveDoesNotGuessWhenJiraIsDown(t *testing.T) {
	got, err := resolve(context.Background(), deaf{}, "SEC", []candidate{{account: "mira"}, {account: "last"}})
	if !fault.Is(err, fault.Busy) || got.Known() {
		t.Errorf("got %v, %v; want nobody and a Busy error", got, err)
	}
}
