package task

import (
	"context"
	"fmt"
	"strings"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/mapping"
	"github.com/throughline/throughline/app/tenant"
)

// Check is one thing that a site must allow.
type Check struct {
	Name string `json:"name"` // "Jira: permission CREATE_ISSUES"
	OK   bool   `json:"ok"`
	Says string `json:"says"`          // what was found
	Mend string `json:"mend,omitzero"` // what to change; empty when OK
}

// permission is a project permission that Throughline needs, and what for.
type permission struct{ key, what string }

var needed = [...]permission{
	{"BROWSE_PROJECTS", "see the project and its issues"},
	{"CREATE_ISSUES", "file tickets"},
	{"EDIT_ISSUES", "keep threat data on tickets"},
	{"ASSIGN_ISSUES", "give tickets their owners"},
	{"SCHEDULE_ISSUES", "set due dates"},
	{"LINK_ISSUES", "link tickets back to their pages"},
	{"ADD_COMMENTS", "tell tickets what became of their page"},
}

// Doctor checks a site against a policy and changes nothing there: that Confluence and Jira answer and know the account, each
// permission by its name, and for each rule of the mapping and the default its project, issue type, component, priorities, parent,
// further fields and those that Jira requires; and the default owner. What a failed check makes pointless is left out.
func Doctor(ctx context.Context, sites Sites, id tenant.ID, p Policy) []Check {
	d := &doctor{ctx: ctx, policy: p}
	if wiki, err := sites.Confluence(ctx, id); d.met("Confluence: installation", err, "it is known", "install Throughline there, or configure a service account") {
		d.confluence(wiki)
	}
	if client, err := sites.Jira(ctx, id); d.met("Jira: installation", err, "it is known", "install Throughline there, or configure a service account") {
		edition, err := sites.Edition(ctx, id)
		if d.met("Jira: installation", err, "it is known", "run it again") {
			d.checks = d.checks[:len(d.checks)-1] // told already
			d.jira(client, edition)
		}
	}
	return d.checks
}

type doctor struct {
	ctx    context.Context // of the one run that this is
	policy Policy
	checks []Check
}

func (d *doctor) add(name string, ok bool, says, mend string) bool {
	if ok {
		mend = ""
	}
	d.checks = append(d.checks, Check{name, ok, says, mend})
	return ok
}

// met adds a check that an error fails.
func (d *doctor) met(name string, err error, says, mend string) bool {
	if err != nil {
		says = err.Error()
	}
	return d.add(name, err == nil, says, mend)
}

// reached adds the check that a product answers and knows who calls.
func (d *doctor) reached(product, who string, err error) bool {
	mend := "check the product's URL, and that this machine reaches it"
	switch fault.KindOf(err) {
	case fault.Unverified:
		mend = "the site does not take these credentials: make a new token, or install the app again (on Data Center each product takes only the tokens that it made: THROUGHLINE_SITE_PAT is Confluence's, THROUGHLINE_JIRA_PAT is Jira's)"
	case fault.Denied:
		mend = "give the account access to " + product
	case fault.NotFound:
		mend = "there is no such API at this URL: check it (Confluence's ends in /wiki on Cloud; on Data Center it has a context path or none, and THROUGHLINE_SITE_PAT goes with it)"
	}
	return d.met(product+": reachable, account known", err, "as "+who, mend)
}

func (d *doctor) confluence(wiki *confluence.Client) {
	me, err := wiki.Myself(d.ctx)
	if !d.reached("Confluence", me.Name, err) {
		return
	}
	var page confluence.Hit
	n := 0
	err = wiki.Search(d.ctx, d.policy.cql(""), func(h confluence.Hit) bool {
		if n++; n == 1 {
			page = h
		}
		return n < 100
	})
	if !d.met("Confluence: search for design pages", err, "the query is taken", "see that THROUGHLINE_LABELS and THROUGHLINE_SPACES name what there is") {
		return
	}
	if !d.add("Confluence: design pages", n > 0, fmt.Sprintf("%d visible to the account", n),
		"label a page "+strings.Join(d.policy.Labels, " or ")+", and give the account the space permission View") {
		return
	}
	_, err = wiki.Page(d.ctx, page.ID)
	mend := "give the account the space permission View in " + page.SpaceKey
	if fault.Is(err, fault.NotFound) {
		mend = "the search shows this page, and it cannot be read: see to its restrictions, or look again in a minute"
	}
	if !d.met("Confluence: read a page", err, fmt.Sprintf("%q", page.Title), mend) {
		return
	}
	may, err := wiki.MayEdit(d.ctx, page.ID, me.AccountID)
	mend = "give the account the space permission Add Page in " + page.SpaceKey + ", and see to restrictions of the page: no panel can be written without"
	if err != nil {
		d.met("Confluence: edit a page", err, "", mend)
		return
	}
	d.add("Confluence: edit a page", may, fmt.Sprintf("%q: %s", page.Title, yes(may)), mend)
}

func (d *doctor) jira(client *jira.Client, edition tenant.Edition) {
	if told, err := client.Edition(d.ctx); err == nil { // else it is not reached either, which the next check tells
		if !d.add("Jira: edition", told == edition, "the site is of "+name(told), "the configuration is for "+name(edition)+": a personal access token (THROUGHLINE_SITE_PAT) is for Data Center, e-mail address and API token are for Cloud") {
			return
		}
	}
	me, err := client.Myself(d.ctx)
	if !d.reached("Jira", me.Name, err) {
		return
	}
	fit := map[string]bool{} // projects that were looked at, and whether it makes sense to go on with them
	for _, rule := range d.policy.Mapping.Rules(d.policy.fallback()) {
		ok, known := fit[rule.Project]
		if !known {
			ok = d.project(client, rule)
			fit[rule.Project] = ok
		}
		if ok {
			d.rule(client, edition, rule)
		}
	}
}

// project checks what is the same for all rules of one project, and whether rules can be checked at all.
func (d *doctor) project(client *jira.Client, rule mapping.Rule) bool {
	key, of, set := rule.Project, "", "see that THROUGHLINE_PROJECT names a project's key"
	if key != d.policy.Project {
		of, set = " in "+key, fmt.Sprintf("see that the mapping's line %d names a project's key", rule.Line)
	}
	keys := make([]string, len(needed))
	for i, p := range needed {
		keys[i] = p.key
	}
	have, err := client.Permissions(d.ctx, key, keys)
	if !d.met("Jira: permissions in "+key, err, "Jira tells them", set+", and that the account may browse it") {
		return false
	}
	for _, p := range needed {
		d.add("Jira: permission "+p.key+of, have[p.key], fmt.Sprintf("to %s: %s", p.what, yes(have[p.key])),
			fmt.Sprintf("give the account %s in the permission scheme of %s", p.key, key))
	}
	if !have["BROWSE_PROJECTS"] {
		return false
	}
	project, err := client.Project(d.ctx, key)
	if !d.met("Jira: project "+key, err, project.Name, set) {
		return false
	}
	if owner := d.policy.DefaultOwner; owner != "" {
		u, ok, err := client.CanAssign(d.ctx, key, owner)
		if err != nil {
			d.met("Jira: default owner"+of, err, "", "see that THROUGHLINE_DEFAULT_OWNER is an account id, on Data Center a username")
		} else {
			d.add("Jira: default owner"+of, ok && u.Answers(), fmt.Sprintf("%s can be assigned in %s: %s", owner, key, yes(ok && u.Answers())),
				"set THROUGHLINE_DEFAULT_OWNER to the account id, on Data Center the username, of a person with the permission ASSIGNABLE_USER")
		}
	}
	return true
}

func name(e tenant.Edition) string {
	if e == tenant.DataCenter {
		return "Data Center"
	}
	return "Cloud"
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
