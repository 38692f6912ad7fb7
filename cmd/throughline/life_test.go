package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/jira"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// life is one ticket of a demo that is worked on as people do.
type life struct {
	*testing.T
	d    *demo
	page string
	id   threat.ID
	key  string
}

// lives are the first tickets of the demo's checkout page, each assigned to Kenji.
func lives(t *testing.T, d *demo) []*life {
	t.Helper()
	page := pageOf(t, d, "Checkout").ID
	var out []*life
	for _, th := range record(t, d, page, func(trace.Record) bool { return true }).Threats {
		l := &life{t, d, page, th.ID, th.Ticket.Key}
		l.do(d.site.Jira().Assign(site.Dana, l.key, site.Kenji))
		out = append(out, l)
	}
	settled(t, d)
	return out
}

func (l *life) do(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *life) threat() threat.Threat {
	l.Helper()
	for _, t := range record(l.T, l.d, l.page, func(trace.Record) bool { return true }).Threats {
		if t.ID == l.id {
			return t
		}
	}
	l.Fatalf("no threat %s", l.id)
	return threat.Threat{}
}

// until waits for the threat to be as wanted.
func (l *life) until(what string, want func(threat.Threat) bool) threat.Threat {
	l.Helper()
	rec := record(l.T, l.d, l.page, func(r trace.Record) bool {
		return slices.ContainsFunc(r.Threats, func(t threat.Threat) bool { return t.ID == l.id && want(t) })
	})
	for _, t := range rec.Threats {
		if t.ID == l.id {
			return t
		}
	}
	l.Fatalf("never %s", what)
	return threat.Threat{}
}

func (l *life) state(want threat.State) threat.Threat {
	l.Helper()
	return l.until(string(want), func(t threat.Threat) bool { return t.State == want })
}

// done moves the ticket through the workflow to done, as somebody.
func (l *life) done(actor string) {
	l.Helper()
	for _, step := range []string{"11", "21", "31"} {
		l.do(l.d.site.Jira().Transition(actor, l.key, step, ""))
	}
}

// says writes a comment and waits for the answer, which it returns without its markup.
func (l *life) says(actor, text string) (id, answer string) {
	l.Helper()
	l.do(l.d.site.Jira().Comment(actor, l.key, text))
	for _, c := range l.comments() {
		if c.Text == text {
			id = c.ID
		}
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for _, c := range l.comments() {
			if strings.Contains(c.Text, "in answer to comment "+id+"_") {
				return id, c.Text
			}
		}
	}
	l.Fatalf("nobody answered %q; the comments are %+v", text, l.comments())
	return "", ""
}

func (l *life) comments() []jira.CommentView {
	l.Helper()
	i, ok := l.d.site.Jira().Issue(l.key)
	if !ok {
		l.Fatalf("no issue %s", l.key)
	}
	return i.Comments
}

// told counts the comments that contain a text.
func (l *life) told(text string) (n int) {
	for _, c := range l.comments() {
		if strings.Contains(c.Text, text) {
			n++
		}
	}
	return n
}

// entries are the ledger's of a threat, of some kinds.
func (l *life) entries(kinds ...ledger.Kind) (out []ledger.Entry) {
	l.Helper()
	l.do(l.d.store.Entries(l.Context(), l.d.tenant(), 0, func(e ledger.Entry) bool {
		if e.Threat == string(l.id) && slices.Contains(kinds, e.Kind) {
			out = append(out, e)
		}
		return true
	}))
	return out
}

// export is what the command says of the threat until an instant far ahead.
func (l *life) export() evidence.Threat {
	l.Helper()
	var out, errs bytes.Buffer
	if code := run(l.Context(), []string{"export", "--data", l.d.dir, "--format", "json", "--to", "2999-01-01"}, &out, &errs); code != 0 {
		l.Fatalf("export: exit code %d: %s", code, errs.String())
	}
	var all struct{ Threats []evidence.Threat }
	l.do(json.Unmarshal(out.Bytes(), &all))
	for _, t := range all.Threats {
		if t.ID == string(l.id) {
			return t
		}
	}
	l.Fatalf("%s is not in the export", l.id)
	return evidence.Threat{}
}

// byAccount makes a demo that of a service account which webhooks tell everything.
func byAccount(door string) func(*demoOptions) {
	return func(o *demoOptions) {
		o.door, o.account = door, func(c *app.Config, s *sandbox.Sandbox) {
			asAccount(c, s)
			c.Poll = time.Hour
		}
	}
}

// account is how the app knows one of the site's people.
func (l *life) account(of string) string {
	if l.d.door != dataCenterDoor {
		return of
	}
	for _, u := range site.People() {
		if u.AccountID == of {
			return u.Username()
		}
	}
	return of
}

// mention is how the site mentions one of its people.
func (l *life) mention(of string) string {
	if l.d.door == dataCenterDoor {
		return "[~" + l.account(of) + "]"
	}
	return "[~accountid:" + of + "]"
}

func everyDoor() map[string]func(*demoOptions) {
	return map[string]func(*demoOptions){
		"Connect": func(*demoOptions) {}, "Forge": byForge, "service account": byAccount(accountDoor), "Data Center": byAccount(dataCenterDoor),
	}
}

// restarts starts a demo by a door, and, when the one before has ended, another one on the same data, whose clock is so far ahead.
func restarts(t *testing.T, options ...func(*demoOptions)) func(ahead time.Duration) *demo {
	dir := t.TempDir()
	return func(ahead time.Duration) *demo {
		return startTest(t, func(o *demoOptions) {
			for _, option := range options {
				option(o)
			}
			o.dir, o.clock = dir, func() time.Time { return time.Now().Add(ahead) }
		})
	}
}

// TestLife works tickets from filed to verified, and to accepted and open again, by comments alone, through every door.
func TestLife(t *testing.T) {
	for name, door := range everyDoor() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := restarts(t, door)
			d := start(0)
			reviewed(t, d)
			all := lives(t, d)
			getsVerified(t, all[0])
			accepted := accept(t, all[1])
			commands(t, all[2])
			settled(t, d)
			if err := d.close(); err != nil {
				t.Fatal(err)
			}

			// Later, the acceptance has ended, and the due dates of what is still open have passed.
			d = start(400 * 24 * time.Hour)
			for _, l := range all {
				l.d = d
			}
			all[1].state(threat.Open)
			settled(t, d)
			if n := all[1].told("The acceptance of this risk ended with " + accepted); n != 1 {
				t.Errorf("the ticket was told %d times that the acceptance ended", n)
			}
			late := all[1].until("overdue", threat.Threat.Overdue)
			if due := all[1].entries(ledger.Overdue); len(due) != 1 || !strings.Contains(string(due[0].Data), late.Ticket.Due) {
				t.Errorf("overdue: %+v", due)
			}
			if p, _ := d.site.Confluence().Page(all[1].page); !strings.Contains(p.Version().Body, "<strong>overdue</strong>: was due "+late.Ticket.Due) {
				t.Error("the panel does not show what is overdue")
			}
			if states := statesOf(all[1].export()); !slices.Equal(states, []threat.State{threat.Open, threat.InProgress, threat.Open, threat.Accepted, threat.Open}) {
				t.Errorf("evidence has the states %v", states)
			}
		})
	}
}

func statesOf(t evidence.Threat) (out []threat.State) {
	for _, s := range t.States {
		out = append(out, s.State)
	}
	return out
}

// getsVerified works a ticket until somebody other than its assignee has verified it.
func getsVerified(t *testing.T, l *life) {
	t.Helper()
	l.done(site.Kenji)
	l.state(threat.Mitigated)
	if _, answer := l.says(site.Kenji, "/verify I am sure"); !strings.Contains(answer, "was refused") || !strings.Contains(answer, "this ticket is yours") {
		t.Errorf("verifying one's own ticket was answered %q", answer)
	}
	const note = "/verify replayed ten captured requests on staging\n\nhttps://github.com/acme/shop/pull/7"
	id, answer := l.says(site.Sofia, note)
	if !strings.Contains(answer, l.mention(site.Sofia)) || !strings.Contains(answer, "is verified for version") {
		t.Errorf("verifying was answered %q", answer)
	}
	got := l.state(threat.Verified)
	v := *got.Verification
	v.At = threat.Moment{By: v.At.By, Version: v.At.Version}
	want := threat.Verification{
		Note: "replayed ten captured requests on staging https://github.com/acme/shop/pull/7", Comment: id, By: "Sofia Lindqvist",
		Links: []threat.Proof{{Kind: "change", URL: "https://github.com/acme/shop/pull/7"}}, At: threat.Moment{By: l.account(site.Sofia), Version: got.Last},
	}
	if diff := cmp.Diff(want, v); diff != "" {
		t.Errorf("verification (-want +got):\n%s", diff)
	}
	settled(t, l.d)
	if p, _ := l.d.site.Confluence().Page(l.page); !shows(p, l.id, threat.Verified) {
		t.Error("the panel does not show it")
	}

	// What becomes of the comment changes nothing. Forge does not tell that one was edited; its deletion it does.
	altered := 1
	l.do(l.d.site.Jira().EditComment(site.Sofia, l.key, id, "/verify I take it back"))
	if l.d.door != forgeDoor {
		altered = 2
		l.noted(1)
	}
	settled(t, l.d)
	l.do(l.d.site.Jira().DeleteComment(site.Sofia, l.key, id))
	l.noted(altered)
	settled(t, l.d)
	if th := l.threat(); th.State != threat.Verified || th.Verification.Note != want.Note {
		t.Errorf("after its comment was deleted, the threat is %s, %+v", th.State, th.Verification)
	}
	out := l.export()
	if out.Verification == nil || out.Verification.Note != want.Note || out.State != threat.Verified {
		t.Errorf("evidence: %s, %+v", out.State, out.Verification)
	}
	l.everyStep()
	if want := []threat.State{threat.Open, threat.InProgress, threat.Mitigated, threat.Verified}; !slices.Equal(statesOf(out), want) {
		t.Errorf("evidence has the states %v, want %v", statesOf(out), want)
	}
}

// everyStep holds that the ledger has every step of the ticket's history once, in order, with who and when.
func (l *life) everyStep() {
	l.Helper()
	history, _ := l.d.site.Jira().Issue(l.key)
	var steps []string
	for _, h := range slices.Backward(history.History) {
		for _, i := range h.Items {
			if i.Field == "status" {
				steps = append(steps, fmt.Sprint(i.To, " by ", l.account(h.Author.AccountID), " at ", h.At.UTC().Truncate(time.Millisecond)))
			}
		}
	}
	var proven []string
	status := "To Do"
	for _, e := range l.entries(ledger.Ticketed) {
		var f ledger.TicketFact
		l.do(json.Unmarshal(e.Data, &f))
		if f.Ticket.Status != status {
			proven = append(proven, fmt.Sprint(f.Ticket.Status, " by ", e.By, " at ", e.Occurred))
		}
		status = f.Ticket.Status
	}
	if diff := cmp.Diff(steps, proven); diff != "" {
		l.Errorf("steps (-Jira +ledger):\n%s", diff)
	}
}

// noted waits until so many changes of comments are noted.
func (l *life) noted(n int) {
	l.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if len(l.entries(ledger.Altered)) == n {
			return
		}
	}
	l.Fatalf("%d changes of comments are noted, want %d", len(l.entries(ledger.Altered)), n)
}

// accept has a ticket declined, and its risk accepted. It returns until when.
func accept(t *testing.T, l *life) string {
	t.Helper()
	l.do(l.d.site.Jira().Transition(site.Kenji, l.key, "11", ""))
	l.do(l.d.site.Jira().Transition(site.Kenji, l.key, "51", "Won't Do"))
	l.until("declined", func(th threat.Threat) bool { return th.Ticket.Declined && th.State == threat.Open })
	settled(t, l.d)
	if n := l.told("This ticket was closed as"); n != 1 {
		t.Errorf("the ticket was told %d times that nobody did the work", n)
	}
	day := time.Now().UTC().AddDate(0, 1, 0).Format(time.DateOnly)
	for text, want := range map[string]string{
		"/accept-risk until 2001-01-01 nobody can reach it": "is in the past",
		"/accept-risk until 2099-01-01 nobody can reach it": "for a year at most",
		"/accept-risk until tomorrow nobody can reach it":   "as a date of the form",
		"/accept-rsk until " + day + " nobody can reach it": "there is no command",
		"/accept-risk until " + day:                         "no reason",
		"/verify nobody can reach it":                       "so nobody did the work",
	} {
		if _, answer := l.says(site.Sofia, text); !strings.Contains(answer, want) || !strings.Contains(answer, "was refused") {
			t.Errorf("%q was answered %q, want %q in it", text, answer, want)
		}
	}
	if _, answer := l.says(site.Kenji, "/accept-risk until "+day+" I do not care"); !strings.Contains(answer, "this ticket is yours") {
		t.Errorf("accepting one's own risk was answered %q", answer)
	}
	l.says(site.Sofia, "/accept-risk until "+day+" nobody can reach it from outside")
	got := l.state(threat.Accepted)
	if a := got.Acceptance; a.Until != day || a.Reason != "nobody can reach it from outside" || a.At.By != l.account(site.Sofia) || a.Waived != nil {
		t.Errorf("acceptance %+v", a)
	}
	return day
}

// commands tries what else people say.
func commands(t *testing.T, l *life) {
	t.Helper()
	if _, answer := l.says(site.Grace, "/owner "+l.mention(site.Lucia)); !strings.Contains(answer, "was refused") {
		t.Errorf("who cannot be assigned chose an owner: %q", answer)
	}
	if _, answer := l.says(site.Amir, "/owner "+l.mention(site.Grace)); !strings.Contains(answer, "cannot be assigned") {
		t.Errorf("who cannot be assigned was chosen: %q", answer)
	}
	l.says(site.Amir, "/owner "+l.mention(site.Lucia))
	settled(t, l.d)
	if i, _ := l.d.site.Jira().Issue(l.key); i.Assignee.AccountID != site.Lucia {
		t.Errorf("the ticket is assigned to %s", i.Assignee.Name)
	}
	if th := l.threat(); th.Owner.Account != l.account(site.Lucia) || th.Ticket.Assignee != l.account(site.Lucia) || th.Owner.Reason != "named by a comment of Amir Haddad" {
		t.Errorf("owner %+v, assignee %s", th.Owner, th.Ticket.Assignee)
	}
	l.says(site.Sofia, "/dismiss the page means another system")
	l.state(threat.Dismissed)
	if _, answer := l.says(site.Sofia, "/accept-risk until "+time.Now().UTC().Format(time.DateOnly)+" x"); !strings.Contains(answer, "it is dismissed") {
		t.Errorf("accepting what is dismissed was answered %q", answer)
	}
	l.says(site.Grace, "/reopen it does mean this one")
	l.state(threat.Open)

	// Quotations and code say nothing, nor does what Throughline itself or another app says.
	before := len(l.entries(ledger.Commanded))
	app := slices.IndexFunc(l.comments(), func(c jira.CommentView) bool { return c.Author.Type == "app" })
	for _, c := range []struct{ actor, text string }{
		{site.Sofia, "{quote}\n/dismiss it\n{quote}"}, {site.Sofia, "{code}\n/dismiss it\n{code}"}, {site.Sofia, "as in /dismiss it"}, {site.Sofia, "/etc/passwd is read"},
	} {
		l.do(l.d.site.Jira().Comment(c.actor, l.key, c.text))
	}
	settled(t, l.d)
	if n := len(l.entries(ledger.Commanded)); n != before {
		t.Errorf("%d commands were heard where none was given", n-before)
	}
	if app < 0 {
		return // a service account is a person's
	}
	comments := len(l.comments())
	l.do(l.d.site.Jira().Comment(l.comments()[app].Author.AccountID, l.key, "/dismiss it"))
	settled(t, l.d)
	if th := l.threat(); th.State != threat.Open || len(l.comments()) != comments+1 {
		t.Errorf("an app's command made it %s, and was answered by %d comments", th.State, len(l.comments())-comments-1)
	}
}

// TestLifeWithoutEvents loses every webhook: sweeps hear the commands, see each step, and what became of comments.
func TestLifeWithoutEvents(t *testing.T) {
	d := startTest(t, func(o *demoOptions) { o.config = func(c *app.Config) { c.Poll = 2 * time.Second } })
	reviewed(t, d)
	all := lives(t, d)
	if err := d.site.Faults(chaos.Plan{Rules: []chaos.Rule{{Kind: chaos.Lose}}}); err != nil {
		t.Fatal(err)
	}
	l := all[0]
	l.done(site.Kenji)
	l.do(d.site.Jira().Transition(site.Lucia, l.key, "41", "")) // back, and there again: no search tells
	l.done(site.Lucia)
	id, _ := l.says(site.Sofia, "/verify replayed it")
	l.state(threat.Verified)
	l.do(d.site.Jira().EditComment(site.Sofia, l.key, id, "/verify no"))
	l.noted(1)
	l.do(d.site.Jira().DeleteComment(site.Sofia, l.key, id))
	l.noted(2)
	want := []threat.State{
		threat.Open, threat.InProgress, threat.Mitigated, threat.Open, threat.InProgress, threat.Mitigated, threat.Verified,
	}
	if got := statesOf(l.export()); !slices.Equal(got, want) {
		t.Errorf("evidence has the states %v, want %v", got, want)
	}
	if n := len(l.entries(ledger.Commanded)); n != 1 {
		t.Errorf("%d commands were heard", n)
	}

	// A ticket that is gone without a word is shown as not visible, and never filed anew without a person's.
	gone := all[1]
	l.do(d.site.Jira().Delete(site.Dana, gone.key))
	gone.until("not visible", func(th threat.Threat) bool { return th.Ticket.Hidden && !th.Ticket.Deleted })
	settled(t, d)
	if p, _ := d.site.Confluence().Page(gone.page); !strings.Contains(p.Version().Body, gone.key+" (not visible to Throughline)") {
		t.Error("the panel does not show that the ticket is not visible")
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"threat", "refile", "--data", d.dir, string(l.id)}, &out, &errs); code != 2 || !strings.Contains(errs.String(), "still there") {
		t.Errorf("filing a ticket anew that is there: exit code %d, %s", code, errs.String())
	}
	if code := run(t.Context(), []string{"threat", "refile", "--data", d.dir, string(gone.id)}, &out, &errs); code != 0 {
		t.Fatalf("refile: exit code %d: %s", code, errs.String())
	}
	anew := gone.until("filed anew", func(th threat.Threat) bool { return th.Ticket != nil && th.Ticket.Key != gone.key })
	if _, there := d.site.Jira().Issue(anew.Ticket.Key); !there {
		t.Errorf("%s is not there", anew.Ticket.Key)
	}
	settled(t, d)
	if r, err := d.report(t.Context(), false); err != nil || r.Duplicates > 0 {
		t.Errorf("%d duplicates, %v", r.Duplicates, err)
	}
}

// TestNamedTicket works on a ticket that was there before, and that a page names: it is told once what is heard on it, and is verified like any other.
func TestNamedTicket(t *testing.T) {
	dir := t.TempDir()
	d := startTest(t, func(o *demoOptions) { o.dir = dir })
	reviewed(t, d)
	settled(t, d)
	l := lives(t, d)
	n := slices.IndexFunc(l, func(l *life) bool { return l.threat().Ticket.ByPage })
	if n < 0 {
		t.Fatal("the page names no ticket")
	}
	named := l[n]
	const told = "names this ticket for its threat"
	if all := named.comments(); named.told(told) != 1 || !strings.Contains(all[0].Text, string(named.id)) || !strings.Contains(all[0].Text, "“/verify”") {
		t.Errorf("it was told %+v", all)
	}
	for _, other := range l {
		if other != named && other.told(told) > 0 {
			t.Errorf("%s, which Throughline filed, was told too", other.key)
		}
	}
	named.done(site.Kenji)
	named.state(threat.Mitigated)
	named.says(site.Sofia, "/verify tried it")
	named.state(threat.Verified)
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	d = startTest(t, func(o *demoOptions) { o.dir = dir })
	named.d = d
	settled(t, d)
	if named.told(told) != 1 {
		t.Errorf("after a restart it was told %d times", named.told(told))
	}
}
