package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// level gives the ticket a security level that Throughline's account is not of, or takes it off.
func (l *life) level(name string) {
	l.Helper()
	var to any
	if name != "" {
		to = map[string]string{"name": name}
	}
	l.do(l.d.site.Jira().Edit(site.Sofia, l.key, map[string]any{"security": to}))
}

func (l *life) hidden(want bool) threat.Threat {
	l.Helper()
	return l.until(fmt.Sprint("hidden ", want), func(th threat.Threat) bool { return th.Ticket.Hidden == want })
}

// panel is what the threat's page says.
func (l *life) panel() string {
	l.Helper()
	settled(l.T, l.d)
	p, _ := l.d.site.Confluence().Page(l.page)
	return p.Version().Body
}

// TestOutOfSight hides tickets by a security level, through each door: they are shown as what they are, never filed again, and late for nothing; one
// that comes back goes on where it was, with what people did and said meanwhile.
func TestOutOfSight(t *testing.T) {
	doors := everyDoor()
	doors["Data Center, no webhooks"] = func(o *demoOptions) { o.door, o.account = dataCenterDoor, account(0) }
	for name, door := range doors {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := restarts(t, door, often)
			d := start(0)
			reviewed(t, d)
			all := lives(t, d)
			back, refiled, worked := all[0], all[1], all[2]
			tickets := len(d.site.Jira().Issues())

			l := back
			l.do(d.site.Jira().Transition(site.Kenji, l.key, "11", ""))
			l.state(threat.InProgress)
			l.level("Security team")
			if th := l.hidden(true); th.State != threat.InProgress || th.Ticket.Deleted {
				t.Errorf("hidden, it is %s, deleted %v", th.State, th.Ticket.Deleted)
			}
			refiled.level("Security team")
			refiled.hidden(true)
			if body := l.panel(); !strings.Contains(body, l.key+" (not visible to Throughline)") || strings.Contains(body, "/browse/"+l.key) {
				t.Error("the panel does not show that the ticket is not visible")
			}

			// People go on: nobody hears it, files another, or answers.
			l.do(d.site.Jira().Transition(site.Kenji, l.key, "21", ""))
			l.do(d.site.Jira().Transition(site.Lucia, l.key, "31", ""))
			l.do(d.site.Jira().Comment(site.Sofia, l.key, "/verify looked at it, hidden as it was"))
			page, _ := d.site.Confluence().Page(l.page)
			edit(t, d, page, page.Body()+refunds)
			record(t, d, l.page, func(r trace.Record) bool {
				return len(r.Threats) == len(all)+1 && !slices.ContainsFunc(r.Threats, func(th threat.Threat) bool { return th.Ticket == nil })
			})
			settled(t, d)
			if n := len(d.site.Jira().Issues()); n != tickets+1 { // of the threat that the edit added
				t.Errorf("there are %d tickets, %d before", n, tickets)
			}
			if th := l.threat(); !th.Ticket.Hidden || th.State != threat.InProgress || len(l.entries(ledger.Commanded)) > 0 || l.told("Throughline") > 0 {
				t.Errorf("hidden, it is %s, and was told of %d times", th.State, l.told("Throughline"))
			}
			if err := d.close(); err != nil {
				t.Fatal(err)
			}

			// Its date passes, and that of one which everybody sees.
			d = start(400 * 24 * time.Hour)
			for _, l := range all {
				l.d = d
			}
			worked.until("overdue", threat.Threat.Overdue)
			settled(t, d)
			if due := l.entries(ledger.Overdue); len(due) > 0 {
				t.Errorf("a ticket out of sight is overdue: %s", due[0].Data)
			}
			pack := l.pack()
			l.same("exceptions", [][]string{{"ticket hidden", l.key}}, rowsOf(t, pack, "exceptions.csv"), "threat", "kind", "ticket")
			l.same("register", [][]string{{l.key, "in progress", "ticket hidden"}}, rowsOf(t, pack, "threats.csv"), "threat", "ticket", "state", "exceptions")
			l.same("tickets", [][]string{{l.key, "In Progress", "no", "yes", ""}}, rowsOf(t, pack, "tickets.csv"), "threat", "ticket", "status", "deleted", "hidden", "late_days")

			// A person's word files another for one of them. The other comes back.
			does(t, "threat", "refile", "--data", d.dir, string(refiled.id))
			anew := refiled.until("filed anew", func(th threat.Threat) bool { return th.Ticket != nil && th.Ticket.Key != refiled.key })
			l.level("")
			l.state(threat.Verified)
			settled(t, d)
			if th := l.threat(); th.Ticket.Hidden || th.Verification.By != "Sofia Lindqvist" || th.Overdue() {
				t.Errorf("back in sight, it is %+v", th.Ticket)
			}
			if n := l.told("is verified for version"); n != 1 {
				t.Errorf("what was said meanwhile was answered %d times", n)
			}
			if strings.Contains(l.panel(), "not visible to Throughline") {
				t.Error("the panel still shows it as not visible")
			}
			l.everyStep()
			if want := []threat.State{threat.Open, threat.InProgress, threat.Mitigated, threat.Verified}; cmp.Diff(want, statesOf(l.export())) != "" {
				t.Errorf("evidence has the states %v, want %v", statesOf(l.export()), want)
			}

			// The former ticket is none of the threat's any more, also when it is seen again.
			refiled.level("")
			refiled.do(d.site.Jira().Transition(site.Kenji, refiled.key, "11", ""))
			for range 2 { // the next look may have begun before
				was := cursor(t, d)
				for end := time.Now().Add(20 * time.Second); cursor(t, d) == was || cursor(t, d) == ""; time.Sleep(20 * time.Millisecond) {
					if time.Now().After(end) {
						t.Fatal("the site was not looked at again")
					}
				}
			}
			if th := refiled.threat(); th.Ticket.Key != anew.Ticket.Key || th.State != threat.Open {
				t.Errorf("the ticket filed anew is %s, %s", th.Ticket.Key, th.State)
			}
			if n := len(d.site.Jira().Issues()); n != tickets+2 {
				t.Errorf("in the end there are %d tickets, %d before", n, tickets)
			}
		})
	}
}

// TestMovedTicket moves a ticket to another project, with another workflow and another language, through each door: it stays its threat's.
func TestMovedTicket(t *testing.T) {
	doors := map[string]func(*demoOptions){
		"Connect": nil, "Forge": byForge, "service account, no webhooks": func(o *demoOptions) { o.account = account(0) }, "Data Center": byAccount(dataCenterDoor),
	}
	for name, door := range doors {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := startTest(t, func(o *demoOptions) {
				if door != nil {
					door(o)
				}
				often(o)
			})
			reviewed(t, d)
			l := lives(t, d)[0]
			tickets := len(d.site.Jira().Issues())
			was, id := l.key, l.threat().Ticket.ID
			l.do(d.site.Jira().Transition(site.Kenji, l.key, "11", ""))
			l.do(d.site.Jira().Move(site.Dana, l.key, "DEU"))
			moved := l.until("moved", func(th threat.Threat) bool { return th.Ticket.Key != was })
			if k := moved.Ticket; k.Key != "DEU-1" || k.ID != id || k.URL != d.site.JiraURL()+"/browse/DEU-1" || moved.State != threat.InProgress || k.Status != "In Arbeit" || k.Hidden {
				t.Errorf("moved, it is %s: %+v", moved.State, k)
			}
			if body := l.panel(); !strings.Contains(body, "/browse/DEU-1") || strings.Contains(body, "/browse/"+was+`"`) {
				t.Error("the panel does not lead to where the ticket is")
			}
			l.key = "DEU-1"
			take(t, d, l.key, "Zur Prüfung")
			take(t, d, l.key, "Abnehmen")
			l.state(threat.Mitigated)
			if _, answer := l.says(site.Sofia, "/verify gesehen"); !strings.Contains(answer, "is verified for version") {
				t.Errorf("verifying was answered %q", answer)
			}
			l.state(threat.Verified)
			l.everyStep()
			page, _ := d.site.Confluence().Page(l.page)
			edit(t, d, page, page.Body()+refunds)
			record(t, d, l.page, func(r trace.Record) bool {
				return slices.ContainsFunc(r.Threats, func(th threat.Threat) bool { return strings.Contains(th.Text.Title, "refund") && th.Ticket != nil })
			})
			settled(t, d)
			if r, err := d.report(t.Context(), false); err != nil || r.Duplicates > 0 || len(d.site.Jira().Issues()) != tickets+1 {
				t.Errorf("%d duplicates, %d tickets where there were %d, %v", r.Duplicates, len(d.site.Jira().Issues()), tickets, err)
			}
			pack := l.pack()
			l.same("tickets", [][]string{{"DEU-1", id, d.site.JiraURL() + "/browse/DEU-1", "Erledigt"}}, rowsOf(t, pack, "tickets.csv"), "threat", "ticket", "ticket_id", "ticket_url", "status")
			l.same("exceptions", nil, rowsOf(t, pack, "exceptions.csv"), "threat", "kind")
			entries := l.entries(ledger.Ticketed)
			if !slices.ContainsFunc(entries, func(e ledger.Entry) bool {
				return e.By == l.account(site.Dana) && strings.Contains(string(e.Data), `"DEU-1"`)
			}) {
				t.Errorf("the ledger does not say who moved it: %+v", entries)
			}
		})
	}
}

// often makes a demo look for what no event tells every two seconds, whichever its door is.
func often(o *demoOptions) {
	config, account := o.config, o.account
	o.config = func(c *app.Config) {
		if config != nil {
			config(c)
		}
		c.Poll = 2 * time.Second
	}
	if account != nil {
		o.account = func(c *app.Config, s *sandbox.Sandbox) {
			account(c, s)
			c.Poll = 2 * time.Second
		}
	}
}
