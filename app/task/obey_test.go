package task

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// hears is a comment of Sofia's on Mira's ticket.
func hears(text string, change func(*hearing)) *hearing {
	h := &hearing{
		Policy: DefaultPolicy(), page: trace.Page{ID: "42", Version: 5}, observed: noon, now: noon, answers: true,
		said: event.Comment{ID: "10100", Issue: "10", Author: "sofia", AuthorName: "Sofia", Text: text, Created: noon, Updated: noon, By: "sofia", At: noon},
		threats: []threat.Threat{{
			ID: "T-A", Page: "42", State: threat.Open, Last: 3, Owner: threat.Owner{Account: "mira"},
			Ticket: &threat.Ticket{ID: "10", Key: "SEC-1", Status: "Erledigt", Category: threat.Done, Assignee: "mira", DoneBy: "ben"},
		}},
		speaker: speaker{account: "sofia", name: "Sofia", kind: "atlassian"},
		people:  []jira.User{{AccountID: "tom", Name: "Tom", Active: true}},
	}
	if change != nil {
		change(h)
	}
	return h
}

// refused is why the change's one command was refused.
func refusedBy(t *testing.T, c trace.Change) string {
	t.Helper()
	var why []string
	for _, e := range c.Entries {
		var f ledger.CommandFact
		if e.Kind != ledger.Commanded {
			continue
		}
		if err := json.Unmarshal(e.Data, &f); err != nil {
			t.Fatal(err)
		}
		why = append(why, f.Refused)
	}
	if len(why) != 1 {
		t.Fatalf("%d commands in %+v", len(why), c.Entries)
	}
	return why[0]
}

func in(s threat.State) func(*hearing) { return func(h *hearing) { h.threats[0].State = s } }

func TestObey(t *testing.T) {
	tests := []struct {
		name, text string
		change     func(*hearing)
		want       threat.State
		kinds      []ledger.Kind
	}{
		{"verify", "/verify tried it", in(threat.Mitigated), threat.Verified, []ledger.Kind{ledger.Commanded, ledger.Verified, ledger.Moved}},
		{"verify anew what changed since", "/verify tried it", func(h *hearing) { in(threat.Verified)(h); h.threats[0].Stale = true }, threat.Verified, []ledger.Kind{ledger.Commanded, ledger.Verified, ledger.Moved}},
		{"verify once more", "/verify tried it", in(threat.Verified), threat.Verified, []ledger.Kind{ledger.Commanded, ledger.Verified}},
		{"accept", "/accept-risk until 2026-06-30 nobody can reach it", nil, threat.Accepted, []ledger.Kind{ledger.Commanded, ledger.RiskAccepted, ledger.Moved}},
		{"accept for today", "/accept-risk until 2026-03-01 nobody can reach it", in(threat.InProgress), threat.Accepted, []ledger.Kind{ledger.Commanded, ledger.RiskAccepted, ledger.Moved}},
		{"accept for longer", "/accept-risk until 2026-06-30 nobody can reach it", in(threat.Accepted), threat.Accepted, []ledger.Kind{ledger.Commanded, ledger.RiskAccepted}},
		{"dismiss", "/dismiss a copy", in(threat.Mitigated), threat.Dismissed, []ledger.Kind{ledger.Commanded, ledger.Moved}},
		{"reopen what is verified: its ticket is done", "/reopen it came back", in(threat.Verified), threat.Mitigated, []ledger.Kind{ledger.Commanded, ledger.Moved}},
		{"reopen what is dismissed", "/reopen it came back", in(threat.Dismissed), threat.Mitigated, []ledger.Kind{ledger.Commanded, ledger.Moved, ledger.Moved}},
		{"reopen what is accepted", "/reopen it came back", func(h *hearing) { in(threat.Accepted)(h); h.threats[0].Ticket.Category = threat.Doing }, threat.InProgress, []ledger.Kind{ledger.Commanded, ledger.Moved}},
		{"an owner", "/owner [~accountid:tom]", func(h *hearing) { h.speaker.assignable = true }, threat.Open, []ledger.Kind{ledger.Commanded, ledger.Owned}},
		{"an owner, by the assignee", "/owner [~accountid:tom]", func(h *hearing) { h.speaker.account, h.said.Author = "mira", "mira" }, threat.Open, []ledger.Kind{ledger.Commanded, ledger.Owned}},
		{"two in one comment", "/dismiss a copy\n/reopen no, it is not", nil, threat.Mitigated, []ledger.Kind{ledger.Commanded, ledger.Moved, ledger.Commanded, ledger.Moved, ledger.Moved}},
		{"one's own, where the site allows it", "/verify tried it", func(h *hearing) {
			in(threat.Mitigated)(h)
			h.FourEyes, h.speaker.account, h.said.Author = false, "mira", "mira"
		}, threat.Verified, []ledger.Kind{ledger.Commanded, ledger.Verified, ledger.Moved}},
		{"an approver", "/verify tried it", func(h *hearing) { in(threat.Mitigated)(h); h.Approvers = []string{"sofia"} }, threat.Verified, []ledger.Kind{ledger.Commanded, ledger.Verified, ledger.Moved}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := hears(tt.text, tt.change)
			was := h.threats[0].State
			c := h.hear()
			if err := trace.Legal(c); err != nil {
				t.Fatal(err)
			}
			if len(c.Threats) != 1 || c.Threats[0].State != tt.want || c.Threats[0].Stale {
				t.Fatalf("from %s: %+v, want it %s", was, c.Threats, tt.want)
			}
			var kinds []ledger.Kind
			for _, e := range c.Entries {
				kinds = append(kinds, e.Kind)
				if e.By != h.said.Author || e.Version != 3 || !e.Occurred.Equal(noon) {
					t.Errorf("entry %+v does not say who and when", e)
				}
			}
			if diff := cmp.Diff(tt.kinds, kinds); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			if len(c.Jobs) != 1 || strings.Contains(string(c.Jobs[0].Args), "was refused") {
				t.Errorf("answered by %+v", c.Jobs)
			}
			waived := []string{}
			for _, v := range []*threat.Verification{c.Threats[0].Verification} {
				if v != nil {
					waived = v.Waived
				}
			}
			if diff := cmp.Diff(h.FourEyes, len(waived) == 0); diff != "" {
				t.Errorf("waived %v", waived)
			}
			// Heard a second time, by another way, it changes nothing.
			h.threats = c.Threats
			if again := h.hear(); len(again.Entries)+len(again.Jobs)+len(again.Threats) > 0 {
				t.Errorf("heard twice: %+v", again)
			}
		})
	}
}

// TestAnswersSayWhatFollows: what an answer says beside what was done.
func TestAnswersSayWhatFollows(t *testing.T) {
	tests := []struct {
		name, text string
		change     func(*hearing)
		want       string
	}{
		{"verified by a word", "/verify tried it", in(threat.Mitigated), "rests on your word alone"},
		{"verified by a link", "/verify https://ci.acme.com/run/7", in(threat.Mitigated), "with 1"},
		{"verification taken back", "/reopen it came back", in(threat.Verified), "reopen the ticket too"},
		{"refused, ending in a link", "/verify https://ci.acme.com/run/7", in(threat.Open), "run/7 ” was refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := hears(tt.text, tt.change).hear()
			if len(c.Jobs) != 1 || !strings.Contains(string(c.Jobs[0].Args), tt.want) {
				t.Errorf("answered by %+v, want %q in it", c.Jobs, tt.want)
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	as := func(account string, s threat.State) func(*hearing) {
		return func(h *hearing) { in(s)(h); h.speaker.account, h.said.Author = account, account }
	}
	tests := []struct {
		name, text string
		change     func(*hearing)
		says       string
	}{
		{"the assignee verifies", "/verify x", as("mira", threat.Mitigated), "this ticket is yours"},
		{"who moved it to done verifies", "/verify x", as("ben", threat.Mitigated), "moved to done"},
		{"the owner accepts", "/accept-risk until 2026-06-30 x", func(h *hearing) { as("mira", threat.Open)(h); h.threats[0].Ticket.Assignee = "tom" }, "nobody accepts what is their own"},
		{"the assignee dismisses", "/dismiss x", as("mira", threat.Open), "nobody dismisses what is their own"},
		{"no approver", "/verify x", func(h *hearing) { in(threat.Mitigated)(h); h.Approvers = []string{"dana"} }, "THROUGHLINE_APPROVERS"},
		{"an approver's own", "/verify x", func(h *hearing) { as("mira", threat.Mitigated)(h); h.Approvers = []string{"mira"} }, "this ticket is yours"},
		{"an app", "/verify x", func(h *hearing) { in(threat.Mitigated)(h); h.speaker.kind = appAccount }, "for people"},
		{"a customer", "/verify x", func(h *hearing) { in(threat.Mitigated)(h); h.speaker.kind = customerAccount }, "a customer's"},
		{"Throughline's own account", "/verify x", func(h *hearing) { in(threat.Mitigated)(h); h.speaker.self = true }, "Throughline itself works with"},
		{"nobody known", "/verify x", as("", threat.Mitigated), "does not say who wrote it"},
		{"changed by another before it was seen", "/verify x", func(h *hearing) {
			in(threat.Mitigated)(h)
			h.said.Editor, h.said.Updated = "dana", noon.Add(time.Minute)
		}, "somebody else changed the comment"},
		{"verify what is open", "/verify x", in(threat.Open), "Have its assignee move it to done first"},
		{"verify what was declined", "/verify x", func(h *hearing) {
			in(threat.Open)(h)
			h.threats[0].Ticket.Declined, h.threats[0].Ticket.Resolution = true, "Won't Do"
		}, "Reopen the ticket and have it done, or write “/accept-risk until 2026-06-01 reason”"},
		{"verify what is accepted", "/verify x", in(threat.Accepted), "“/reopen reason” first"},
		{"verify what is withdrawn", "/verify x", in(threat.Withdrawn), "Put it back into the page"},
		{"accept what is verified", "/accept-risk until 2026-06-30 x", in(threat.Verified), "it is verified"},
		{"accept until yesterday", "/accept-risk until 2026-02-28 x", nil, "in the past"},
		{"accept for ever", "/accept-risk until 2027-03-03 x", nil, "for a year at most"},
		{"dismiss what is accepted", "/dismiss x", in(threat.Accepted), "it is accepted"},
		{"reopen what is open", "/reopen x", in(threat.Open), "it is open already"},
		{"reopen what is mitigated", "/reopen x", in(threat.Mitigated), "Reopen the ticket itself"},
		{"an owner who cannot be", "/owner [~accountid:grace]", func(h *hearing) { h.speaker.assignable = true }, "cannot be assigned tickets of project SEC"},
		{"an owner, by somebody outside of the project", "/owner [~accountid:tom]", nil, "only people to whom tickets"},
		{"without a reason", "/dismiss", nil, "no reason"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := hears(tt.text, tt.change)
			was := h.threats[0]
			c := h.hear()
			if why := refusedBy(t, c); !strings.Contains(why, tt.says) {
				t.Errorf("refused with %q, want %q in it", why, tt.says)
			} else if !strings.Contains(why, ". ") && !strings.Contains(why, ": ") {
				t.Errorf("%q does not say what to do", why)
			}
			got := c.Threats[0]
			got.Trail = nil
			if diff := cmp.Diff(was, got); diff != "" {
				t.Errorf("a refused command changed the threat:\n%s", diff)
			}
			if h.assignee != "" || len(c.Entries) != 1 {
				t.Errorf("it assigned %q, and made the entries %+v", h.assignee, c.Entries)
			}
			if answered := len(c.Jobs) == 1; answered == (h.speaker.kind == appAccount) {
				t.Errorf("answered: %v", answered)
			}
		})
	}
}

// TestUnheard: comments that are none of the threat's, or that hold no command, lead to nothing.
func TestUnheard(t *testing.T) {
	tests := []struct {
		name   string
		text   string
		change func(*hearing)
	}{
		{"no command", "Looks good", nil},
		{"from before the ticket was this threat's", "/dismiss x", func(h *hearing) { h.threats[0].Trail = &threat.Trail{From: noon} }},
		{"long ago", "/dismiss x", func(h *hearing) { h.threats[0].Trail = &threat.Trail{Forgotten: 10100} }},
		{"on a ticket that is deleted", "/dismiss x", func(h *hearing) { h.threats[0].Ticket.Deleted = true }},
		{"deleted before it was seen", "/dismiss x", func(h *hearing) { h.said.Deleted = true }},
		{"without a number", "/dismiss x", func(h *hearing) { h.said.ID = "x" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if c := hears(tt.text, tt.change).hear(); len(c.Threats)+len(c.Entries)+len(c.Jobs) > 0 {
				t.Errorf("it led to %+v", c)
			}
		})
	}
}

// TestAltered: what becomes of a comment whose commands were heard is noted, in the order in which it happened.
func TestAltered(t *testing.T) {
	first := hears("/dismiss a copy", nil)
	th := first.hear().Threats[0]
	texts := []string{}
	later := func(minutes int, change func(*event.Comment)) {
		t.Helper()
		h := hears("/dismiss a copy", func(h *hearing) {
			h.threats = []threat.Threat{th}
			h.said.At, h.said.Updated = noon.Add(time.Duration(minutes)*time.Minute), noon.Add(time.Duration(minutes)*time.Minute)
			h.said.By = "dana"
			change(&h.said)
		})
		c := h.hear()
		for _, e := range c.Entries {
			var f ledger.CommandFact
			if err := json.Unmarshal(e.Data, &f); err != nil || e.Kind != ledger.Altered || e.By != "dana" || f.Comment != "10100" {
				t.Fatalf("%+v, %v", e, err)
			}
			texts = append(texts, f.Text)
		}
		if len(c.Jobs) > 0 {
			t.Errorf("answered by %+v", c.Jobs)
		}
		if len(c.Threats) > 0 {
			th = c.Threats[0]
		}
	}
	later(1, func(c *event.Comment) { c.Text = "/dismiss a copy\n\nThanks, all" }) // its command reads on, so it changed
	later(3, func(c *event.Comment) { c.Text = "/dismiss another copy" })
	later(2, func(c *event.Comment) { c.Text = "/dismiss it" }) // overtaken
	later(3, func(c *event.Comment) { c.Text = "/dismiss another copy" })
	later(5, func(c *event.Comment) { c.Deleted = true })
	later(5, func(c *event.Comment) { c.Deleted = true })
	if diff := cmp.Diff([]string{"/dismiss a copy Thanks, all", "/dismiss another copy", ""}, texts); diff != "" {
		t.Errorf("noted (-want +got):\n%s", diff)
	}
	if th.State != threat.Dismissed {
		t.Errorf("the threat is %s", th.State)
	}
}

func TestProofs(t *testing.T) {
	files := []jira.Attachment{
		{Name: "scan.pdf", URL: "https://x.test/attachment/1"},
		{Name: "other.pdf", URL: "https://x.test/attachment/2"},
		{Name: "Bericht März.pdf", URL: "https://x.test/attachment/3", By: "ben", At: noon},
		{Name: "Bericht März.pdf", URL: "https://x.test/attachment/4", By: "mira", At: noon.Add(time.Hour), Size: 7},
	}
	tests := []struct {
		name, note string
		want       []threat.Proof
	}{
		{"nothing", "tried it on staging", nil},
		{"GitHub", "https://github.com/acme/shop/pull/7, https://github.com/acme/shop/actions/runs/99 and https://github.com/acme/shop/issues/3.", []threat.Proof{
			{Kind: "change", URL: "https://github.com/acme/shop/pull/7"}, {Kind: "run", URL: "https://github.com/acme/shop/actions/runs/99"}, {Kind: "link", URL: "https://github.com/acme/shop/issues/3"},
		}},
		{"another host with GitHub's path", "https://github.com.evil.test/acme/shop/pull/7", []threat.Proof{{Kind: "link", URL: "https://github.com.evil.test/acme/shop/pull/7"}}},
		{"GitLab of one's own", "https://git.acme.test/a/b/-/merge_requests/4 https://git.acme.test/a/b/-/pipelines/8", []threat.Proof{
			{Kind: "change", URL: "https://git.acme.test/a/b/-/merge_requests/4"}, {Kind: "run", URL: "https://git.acme.test/a/b/-/pipelines/8"},
		}},
		{"a commit", "see https://bitbucket.org/acme/shop/commits/0a1b2c3d4e", []threat.Proof{{Kind: "change", URL: "https://bitbucket.org/acme/shop/commits/0a1b2c3d4e"}}},
		{"Azure and Jenkins", "https://dev.azure.com/o/p/_git/r/pullrequest/3 https://ci.acme.test/job/shop/12/console", []threat.Proof{
			{Kind: "change", URL: "https://dev.azure.com/o/p/_git/r/pullrequest/3"}, {Kind: "run", URL: "https://ci.acme.test/job/shop/12/console"},
		}},
		{"a file of the ticket", "the report is in scan.pdf", []threat.Proof{{Kind: "attachment", URL: "https://x.test/attachment/1", Name: "scan.pdf"}}},
		{"an address that ends so", "https://y.test/scan.pdf", []threat.Proof{{Kind: "link", URL: "https://y.test/scan.pdf"}}},
		{"a file whose name ends so", "the report is in old-scan.pdf", nil},
		{"a file whose name goes on", "the report is in scan.pdf.gz", nil},
		{"a file at a sentence's end", "It is in scan.pdf. And in other.pdf!", []threat.Proof{
			{Kind: "attachment", URL: "https://x.test/attachment/1", Name: "scan.pdf"}, {Kind: "attachment", URL: "https://x.test/attachment/2", Name: "other.pdf"},
		}},
		{"the newest of a name", "(Bericht März.pdf)", []threat.Proof{{
			Kind: "attachment", URL: "https://x.test/attachment/4", Name: "Bericht März.pdf", By: "mira", At: noon.Add(time.Hour), Size: 7,
		}}},
		{"twice the same", "https://x.test/a https://x.test/a", []threat.Proof{{Kind: "link", URL: "https://x.test/a"}}},
		{"with a password", "https://me:secret@x.test/a", nil},
		{"no address", "http:// and javascript:alert(1)", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, proofs(tt.note, files), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for note, want := range map[string]string{
		"see scan.pdf": "", "see Bericht März.pdf": "", "see März.pdf": "März.pdf", "see skan.pdf": "skan.pdf", "on staging.example.com, with main.go": "", "https://x.test/skan.pdf": "",
		"both old-scan.pdf and scan.pdf": "old-scan.pdf",
	} {
		if got := lost(note, files); got != want {
			t.Errorf("lost(%q) = %q, want %q", note, got, want)
		}
	}
	for note, want := range map[string]bool{"see scan.pdf": true, "tried it. It works": false, "https://x.test/scan.pdf": false, "Bericht-März.docx": true} {
		if got := namesFile(note); got != want {
			t.Errorf("namesFile(%q) = %v", note, got)
		}
	}
}
