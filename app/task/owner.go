package task

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
)

// candidate is one place where a threat's owner may be named, in the order in which they are asked.
type candidate struct {
	account string // looked up by account id, or
	name    string // by a name as written
	reason  string // why it is them: "mentioned with the threat"
	who     string // who they are, when they are passed over: "the owner of the page"
}

// candidates lists them in the order of the domain: mention, name, component lead, page owner, site default.
func candidates(t threat.Text, lead jira.Component, pageOwner string, p Policy) []candidate {
	var out []candidate
	add := func(c candidate) {
		if c.account != "" || c.name != "" {
			out = append(out, c)
		}
	}
	add(candidate{account: t.Person.Account, reason: "mentioned with the threat", who: "the person mentioned with the threat"})
	if t.Person.Account == "" {
		add(candidate{name: t.Person.Name, reason: fmt.Sprintf("named with the threat as %q", t.Person.Name)})
	}
	add(candidate{account: lead.Lead.AccountID, reason: "leads the component " + lead.Name, who: "the lead of the component " + lead.Name})
	add(candidate{account: pageOwner, reason: "owns the page", who: "the owner of the page"})
	add(candidate{account: p.DefaultOwner, reason: "default of the site", who: "the site's default owner"})
	return out
}

// assignees answers who can be given tickets of a project.
type assignees interface {
	// CanAssign says who has an account id, if they can be assigned.
	CanAssign(ctx context.Context, project, account string) (jira.User, bool, error)
	// Assignable finds assignable people by name.
	Assignable(ctx context.Context, project, name string) ([]jira.User, error)
}

// resolve asks the candidates in turn and takes the first whom Jira lets be assigned. The reason tells who was passed over and
// why; when nobody fits, the owner is unknown and the reason says so. An error means Jira could not be asked.
func resolve(ctx context.Context, who assignees, project string, all []candidate) (threat.Owner, error) {
	passed := []string{}
	for _, c := range all {
		u, why, err := c.find(ctx, who, project)
		if err != nil {
			return threat.Owner{}, fault.Wrap(err, "looking up who can be assigned in %s", project)
		}
		if why != "" {
			passed = append(passed, why)
			continue
		}
		reason := c.reason
		if len(passed) > 0 {
			reason += " (" + strings.Join(passed, "; ") + ")"
		}
		return threat.Owner{Account: u.AccountID, Name: u.Name, Reason: reason}, nil
	}
	if len(passed) == 0 {
		return threat.Owner{Reason: "the page names nobody, and the site has no default owner"}, nil
	}
	return threat.Owner{Reason: strings.Join(passed, "; ")}, nil
}

// find looks a candidate up; why says what speaks against them. A name must fit exactly one active person, apps and portal customers left aside; of several, the only
// one whose whole name is as written wins.
func (c candidate) find(ctx context.Context, who assignees, project string) (u jira.User, why string, err error) {
	if c.account != "" {
		u, ok, err := who.CanAssign(ctx, project, c.account)
		if err != nil || ok && u.Answers() {
			return u, "", err
		}
		return u, fmt.Sprintf("%s cannot be assigned in %s", c.who, project), nil
	}
	users, err := who.Assignable(ctx, project, c.name)
	if err != nil {
		return u, "", err
	}
	var fit, exact []jira.User
	for _, u := range users {
		if !u.Answers() {
			continue
		}
		fit = append(fit, u)
		if strings.EqualFold(u.Name, c.name) {
			exact = append(exact, u)
		}
	}
	switch {
	case len(exact) == 1:
		return exact[0], "", nil
	case len(fit) == 1:
		return fit[0], "", nil
	case len(fit) == 0:
		return u, fmt.Sprintf("nobody assignable is called %q", c.name), nil
	}
	return u, fmt.Sprintf("%q fits %d people", c.name, len(fit)), nil
}

// directory remembers for a while what Jira said about people, components and forms, so that a page of many threats costs few calls.
// The zero value is ready.
type directory struct {
	asks     singleflight.Group
	mu       sync.Mutex
	until    time.Time
	accounts map[directoryKey]*jira.User // nil: cannot be assigned
	names    map[directoryKey][]jira.User
	parts    map[directoryKey][]jira.Component
	types    map[directoryKey][]jira.IssueType
	fields   map[directoryKey][]jira.Field
	people   map[directoryKey]string // accounts by how pages mention them, and the other way round
}

type directoryKey struct {
	tenant         tenant.ID
	project, query string
}

// directoryLife bounds how long a person who left, or came, stays unnoticed.
const directoryLife = 10 * time.Minute

// asking is a directory seen from one tenant, over its client.
type asking struct {
	*directory
	tenant tenant.ID
	jira   *jira.Client // nil where nobody is assigned
	sites  Sites        // for Confluence, where it knows people otherwise
	now    time.Time
}

func (d *Desk) asking(id tenant.ID, client *jira.Client) asking {
	return asking{&d.people, id, client, d.Sites, d.Now()}
}

// fresh forgets everything at once when its time is over; the caller holds mu.
func (a asking) fresh() {
	if a.now.After(a.until) {
		a.until = a.now.Add(directoryLife)
		a.accounts, a.names = map[directoryKey]*jira.User{}, map[directoryKey][]jira.User{}
		a.parts, a.people = map[directoryKey][]jira.Component{}, map[directoryKey]string{}
		a.types, a.fields = map[directoryKey][]jira.IssueType{}, map[directoryKey][]jira.Field{}
	}
}

func (a asking) CanAssign(ctx context.Context, project, account string) (jira.User, bool, error) {
	u, err := remember(a, &a.accounts, directoryKey{a.tenant, project, account}, func() (*jira.User, error) {
		u, ok, err := a.jira.CanAssign(ctx, project, account)
		if err != nil || !ok {
			return nil, err
		}
		return &u, nil
	})
	if err != nil || u == nil {
		return jira.User{}, false, err
	}
	return *u, true, nil
}

func (a asking) Assignable(ctx context.Context, project, name string) ([]jira.User, error) {
	return remember(a, &a.names, directoryKey{a.tenant, project, name}, func() ([]jira.User, error) {
		return a.jira.Assignable(ctx, project, name)
	})
}

// self is the account that the tenant's calls are made by: what it writes is no command of a person's.
func (a asking) self(ctx context.Context) (string, error) {
	users, err := remember(a, &a.names, directoryKey{tenant: a.tenant}, func() ([]jira.User, error) {
		u, err := a.jira.Myself(ctx)
		return []jira.User{u}, err
	})
	if err != nil {
		return "", err
	}
	return users[0].AccountID, nil
}

// mentioned is the account of whom a page mentions; where nobody has such a one, or Confluence cannot be asked any more, the mention
// itself, which Jira then does not know.
func (a asking) mentioned(ctx context.Context, mention string) (string, error) {
	if mention == "" {
		return "", nil
	}
	account, err := remember(a, &a.people, directoryKey{a.tenant, "mentioned", mention}, func() (string, error) {
		wiki, err := a.sites.Confluence(ctx, a.tenant)
		if err != nil {
			return "", err
		}
		return wiki.Account(ctx, mention)
	})
	if fault.Is(err, fault.Denied) {
		err = nil
	}
	return cmp.Or(account, mention), err
}

// mentions are how a page mentions the owners of threats, by account; empty for who is not known there.
func (a asking) mentions(ctx context.Context, wiki *confluence.Client, threats []threat.Threat) (map[string]string, error) {
	out := map[string]string{}
	for _, t := range threats {
		account := t.Owner.Account
		if _, done := out[account]; done || account == "" || !t.State.Live() {
			continue
		}
		mention, err := remember(a, &a.people, directoryKey{a.tenant, "mention of", account}, func() (string, error) { return wiki.Mention(ctx, account) })
		if err != nil && !fault.Is(err, fault.Denied) { // who may not look people up shows their names
			return nil, err
		}
		out[account] = mention
	}
	return out, nil
}

// component is the project's component that a threat's element names, else the given one; the zero value when there is none.
func (a asking) component(ctx context.Context, project, otherwise string, t threat.Text) (jira.Component, error) {
	all, err := remember(a, &a.parts, directoryKey{tenant: a.tenant, project: project}, func() ([]jira.Component, error) {
		return a.jira.Components(ctx, project)
	})
	if err != nil {
		return jira.Component{}, fault.Wrap(err, "listing the components of %s", project)
	}
	for _, name := range []string{t.Component, t.Element, otherwise} {
		for _, c := range all {
			if name != "" && strings.EqualFold(c.Name, name) {
				return c, nil
			}
		}
	}
	return jira.Component{}, nil
}

// remember answers from memory, or asks outside of the lock, once for all who want to know the same at that moment.
func remember[V any](a asking, in *map[directoryKey]V, key directoryKey, ask func() (V, error)) (V, error) {
	a.mu.Lock()
	a.fresh()
	v, ok := (*in)[key]
	a.mu.Unlock()
	if ok {
		return v, nil
	}
	answer, err, _ := a.asks.Do(fmt.Sprintf("%p %q", in, key), func() (any, error) {
		v, err := ask()
		if err != nil {
			return v, err
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		(*in)[key] = v
		return v, nil
	})
	v, _ = answer.(V) // of the same map, so of its type; the zero value where it is nil
	return v, err
}
