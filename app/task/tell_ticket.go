package task

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/work"
)

// tale is what a ticket is told: the page changed, and nobody edits what people wrote in the ticket; or what became of a command.
type tale struct {
	Issue   string   `json:"issue"`          // id
	Page    string   `json:"page,omitempty"` // title
	URL     string   `json:"url,omitempty"`
	Version int      `json:"version,omitempty"`
	Answer  string   `json:"answer,omitempty"`  // Jira's id of the comment that is answered
	To      string   `json:"to,omitempty"`      // account id of who is answered
	Replies []string `json:"replies,omitempty"` // the answers to its commands
	What    string   `json:"what,omitempty"`
	Quote   string   `json:"quote,omitempty"`
	Asked   []string `json:"asked,omitempty"`
}

// withdrawn tells a ticket that its threat is, and why.
func withdrawn(why string) tale {
	return tale{What: "This threat is withdrawn: " + why + ". Nothing was done to this ticket; please decide what becomes of it."}
}

// named tells a ticket that a page names it for a threat, once, what follows from that: nobody wrote it as one of Throughline's.
func (p Policy) named(t threat.Threat) tale {
	who, _ := p.judges()
	return tale{
		What: fmt.Sprintf("The design page names this ticket for its threat %s, which follows this ticket from now on.\n"+
			"When the ticket is done, the threat counts as mitigated.\n"+
			"Then %s looks whether it works and says so in a comment that begins with “/verify”: what was checked, with a link to the change or the run that shows it, or the name of a file that is attached here.\n"+
			"Other comments that are heard: “/accept-risk until YYYY-MM-DD reason”, “/dismiss reason”, “/owner @somebody”, “/reopen reason”.\n"+
			"The page says:", t.ID, who),
		Quote: t.Text.Quote, Asked: quotes(t.Text.Mitigations),
	}
}

// tellTicket adds a comment, once: where an earlier run may have added it already, it is looked for by its mark first. Jira lists
// comments without delay.
func (d *Desk) tellTicket(ctx context.Context, job work.Job) (work.Outcome, error) {
	say, err := decode[tale](job)
	if err != nil {
		return work.Outcome{}, err
	}
	client, err := d.Sites.Jira(ctx, job.Tenant)
	if err != nil {
		return work.Outcome{}, err
	}
	mark := say.mark(job)
	if job.Attempt > 1 || job.Reason != "" {
		there, err := client.Comments(ctx, say.Issue)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return work.Outcome{}, fault.Wrap(err, "looking whether issue %s was told already", say.Issue)
		}
		if slices.ContainsFunc(there, func(c jira.Comment) bool { return strings.Contains(c.Text, mark) }) {
			return work.Outcome{}, nil
		}
	}
	say.To = client.Mention(say.To)
	_, err = client.Comment(ctx, say.Issue, say.wiki(mark))
	if fault.Is(err, fault.NotFound) {
		return work.Outcome{Verdict: work.Discard, Reason: "the ticket is gone"}, nil
	}
	return work.Outcome{}, fault.Wrap(err, "commenting on issue %s", say.Issue)
}

// mark is how a comment is found again: it says what it answers, or is numbered by what it says.
func (s tale) mark(job work.Job) string {
	if s.Answer != "" {
		return "in answer to comment " + s.Answer
	}
	sum := sha256.Sum256([]byte(job.Subject + "\x00" + string(job.Args)))
	return "note " + hex.EncodeToString(sum[:4])
}

func (s tale) wiki(mark string) string {
	var b strings.Builder
	if s.Answer != "" {
		for i, r := range s.Replies {
			if i == 0 {
				fmt.Fprintf(&b, "%s ", s.To)
			}
			fmt.Fprintf(&b, "%s\n", spoken(r))
		}
		fmt.Fprintf(&b, "_Throughline, %s_", mark)
		return b.String()
	}
	fmt.Fprintf(&b, "%s\n", spoken(s.What))
	if s.Quote != "" {
		fmt.Fprintf(&b, "{quote}\n%s\n{quote}\n", spoken(cut(s.Quote, maxQuote)))
	}
	for i, a := range s.Asked {
		if i == 0 {
			b.WriteString("It asks for:\n")
		}
		if i == maxMitigations {
			fmt.Fprintf(&b, "* and %d more on the page\n", len(s.Asked)-i)
			break
		}
		fmt.Fprintf(&b, "* %s\n", jira.Escape(sentence(cut(oneLine(a), maxStatement))))
	}
	fmt.Fprintf(&b, "_Throughline, from %s version %d, %s_", wikiLink(s.Page, s.URL), s.Version, mark)
	return b.String()
}

// spoken is foreign text in a comment of Throughline's: none of its lines is a command, whoever the account is that writes it.
func spoken(text string) string {
	lines := strings.Split(jira.Escape(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "/") {
			lines[i] = "\u2060" + line // takes no room
		}
	}
	return strings.Join(lines, "\n")
}
