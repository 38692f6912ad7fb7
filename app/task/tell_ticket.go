package task

import (
	"context"
	"fmt"
	"strings"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/work"
)

// tale is what a ticket is told: the page changed, and nobody edits what people wrote in the ticket.
type tale struct {
	Issue   string   `json:"issue"` // id
	Page    string   `json:"page"`  // title
	URL     string   `json:"url"`
	Version int      `json:"version"`
	What    string   `json:"what"`
	Quote   string   `json:"quote,omitempty"`
	Asked   []string `json:"asked,omitempty"`
}

// withdrawn tells a ticket that its threat is, and why.
func withdrawn(why string) tale {
	return tale{What: "This threat is withdrawn: " + why + ". Nothing was done to this ticket; please decide what becomes of it."}
}

// tellTicket adds a comment. After a crash at the wrong moment it may stand there twice, which harms nobody; it is never lost.
func (d *Desk) tellTicket(ctx context.Context, job work.Job) (work.Outcome, error) {
	say, err := decode[tale](job)
	if err != nil {
		return work.Outcome{}, err
	}
	client, err := d.Sites.Jira(ctx, job.Tenant)
	if err != nil {
		return work.Outcome{}, err
	}
	_, err = client.Comment(ctx, say.Issue, say.wiki())
	if fault.Is(err, fault.NotFound) {
		return work.Outcome{Verdict: work.Discard, Reason: "the ticket is gone"}, nil
	}
	return work.Outcome{}, fault.Wrap(err, "commenting on issue %s", say.Issue)
}

func (s tale) wiki() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", s.What)
	if s.Quote != "" {
		fmt.Fprintf(&b, "{quote}\n%s\n{quote}\n", jira.Escape(cut(s.Quote, maxQuote)))
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
	fmt.Fprintf(&b, "_Throughline, from %s version %d_", wikiLink(s.Page, s.URL), s.Version)
	return b.String()
}
