package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/trace"
)

// TestOwnerOfPage changes whom a page names as a threat's owner, and the assignee in Jira, by turns.
func TestOwnerOfPage(t *testing.T) {
	d := startTest(t, nil)
	reviewed(t, d)
	body := func(account string) string {
		who := ""
		if account != "" {
			who = fmt.Sprintf(`<ac:link><ri:user ri:account-id="%s"/></ac:link>`, account)
		}
		return `<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th><th>Owner</th></tr>` +
			`<tr><td>An attacker replays a captured refund request</td><td>Bind each request to its session</td><td>` + who + `</td></tr></tbody></table>`
	}
	page, err := d.site.Confluence().Create(site.Amir, confluence.Draft{
		SpaceID: pageOf(t, d, "Checkout").SpaceID, Title: "Refunds", Body: body(""), OwnerID: site.Grace, Labels: []string{"threat-model"},
	})
	if err != nil {
		t.Fatal(err)
	}
	rec := record(t, d, page.ID, func(r trace.Record) bool {
		return len(r.Threats) == 1 && r.Threats[0].Ticket != nil && r.Threats[0].Ticket.Linked
	})
	key := rec.Threats[0].Ticket.Key
	if o := rec.Threats[0].Owner; o.Known() || !strings.Contains(o.Reason, "the owner of the page cannot be assigned in SEC") {
		t.Errorf("at first %+v, want nobody: the page's owner only reads", o)
	}
	steps := []struct {
		name     string
		page     string // whom it names then
		hand     string // whom somebody assigns then
		want     string
		reason   string
		comments int
	}{
		{name: "the page names somebody", page: site.Kenji, want: site.Kenji, reason: "mentioned with the threat"},
		{name: "and another", page: site.Lucia, want: site.Lucia, reason: "mentioned with the threat"},
		{name: "and one who has left: nothing but a word to the ticket", page: site.Tom, want: site.Lucia, reason: "mentioned with the threat", comments: 1},
		{name: "somebody is assigned by hand", hand: site.Amir, want: site.Amir, reason: "assigned in Jira", comments: 1},
		{name: "and stays when the page names another", page: site.Kenji, want: site.Amir, reason: "assigned in Jira", comments: 2},
		{name: "the page names them too", page: site.Amir, want: site.Amir, reason: "assigned in Jira", comments: 2},
		{name: "the page names nobody any more", want: site.Amir, reason: "assigned in Jira", comments: 2},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			if s.hand != "" {
				if err := d.site.Jira().Assign(site.Dana, key, s.hand); err != nil {
					t.Fatal(err)
				}
			} else {
				current, _ := d.site.Confluence().Page(page.ID)
				version := current.Version().Number
				edit(t, d, current, body(s.page))
				record(t, d, page.ID, func(r trace.Record) bool { return r.Page.Version > version && r.Threats[0].Assigned.Named == s.page })
			}
			rec := record(t, d, page.ID, func(r trace.Record) bool { return r.Threats[0].Owner.Account == s.want })
			if err := d.site.Host().Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			settled(t, d)
			v, _ := d.site.Jira().Issue(key)
			if o := rec.Threats[0].Owner; v.Assignee.AccountID != s.want || o.Reason != s.reason || len(v.Comments) != s.comments {
				t.Errorf("assigned to %s, known %+v, %d comments; want %s because %q and %d", v.Assignee.Name, o, len(v.Comments), s.want, s.reason, s.comments)
			}
		})
	}
	v, _ := d.site.Jira().Issue(key)
	given := 0
	for _, c := range v.History {
		for _, i := range c.Items {
			if i.Field == "assignee" {
				given++
			}
		}
	}
	if given != 3 {
		t.Errorf("it was given %d times, want 3: twice by the page, once by hand: %+v", given, v.History)
	}
}
