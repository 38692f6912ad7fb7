// Package panel draws the traceability panel: native page content in Confluence storage format, so that it shows in exports, on
// phones and in the page history, and a Page Properties Report can roll it up over pages.
package panel

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
)

// Facts is all that a panel shows. The same facts give the same bytes.
type Facts struct {
	Page     string // the page's id; the macro's own id derives from it
	Edition  tenant.Edition
	JiraURL  string // base URL of the Jira site, no trailing slash
	JiraLink string // Data Center: id of Confluence's application link to Jira; empty: tickets are plain links
	Reviewed time.Time
	Version  int // page version of that review
	Threats  []threat.Threat
	Names    bool              // show owners by name instead of mentioning them
	Mentions map[string]string // Data Center: the user keys by which owners are mentioned, by account; who has none is shown by name
	Rows     int               // at most so many threats in the table, worst first when there are more; 0 means DefaultRows
}

// DefaultRows keeps a page readable and its body far below Confluence's limits.
const DefaultRows = 100

// Render draws the panel and returns it with its hash. The hash leaves out the review's time and version: a review that
// changed nothing else does not deserve a new page version, so the panel shows the last review that changed what it shows. It goes by
// accounts and not by Mentions, so it is known before anybody is looked up.
func Render(f Facts) (region []byte, hash string) {
	p := panel{Facts: f}
	p.count()
	p.selectRows()

	p.hashing = true
	p.open()
	mark := p.b.Len()
	p.summary("")
	p.table()
	p.aside()
	sum := sha256.Sum256([]byte(p.b.String()[mark:]))

	p.b.Reset()
	p.hashing = false
	p.open()
	p.summary(reviewed(f.Reviewed, f.Version))
	p.table()
	p.aside()
	p.b.WriteString("</ac:rich-text-body></ac:structured-macro>")
	return []byte(p.b.String()), hex.EncodeToString(sum[:])
}

type panel struct {
	Facts
	hashing  bool // what is drawn is for the hash
	b        strings.Builder
	shown    []threat.Threat
	register int // threats that count
	states   map[threat.State]int
	covered  int // have a mitigation and a ticket
	overdue  int // were due, and are neither mitigated nor accepted
}

func (p *panel) count() {
	p.states = map[threat.State]int{}
	for _, t := range p.Threats {
		p.states[t.State]++
		if !t.State.Live() {
			continue
		}
		p.register++
		if t.Overdue() {
			p.overdue++
		}
		if t.Ticket != nil && !t.Ticket.Deleted && !t.Ticket.Hidden && t.Owner.Known() {
			p.covered++
		}
	}
}

// selectRows keeps the page's order while all fit; a register that is cut shows the worst and least done first.
func (p *panel) selectRows() {
	for _, t := range p.Threats {
		if t.State.Live() {
			p.shown = append(p.shown, t)
		}
	}
	limit := p.Rows
	if limit <= 0 {
		limit = DefaultRows
	}
	if len(p.shown) <= limit {
		return
	}
	done := func(t threat.Threat) int {
		if t.State == threat.Open || t.State == threat.InProgress {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(p.shown, func(a, b threat.Threat) int {
		return cmp.Or(cmp.Compare(done(a), done(b)), cmp.Compare(b.Text.Severity.Rank(), a.Text.Severity.Rank()))
	})
	p.shown = p.shown[:limit]
}

func (p *panel) open() {
	p.put(`<ac:structured-macro ac:name="details" ac:schema-version="1" ac:macro-id="`, macroID(p.Page), `"><ac:parameter ac:name="id">`,
		storage.RegionID, `</ac:parameter><ac:rich-text-body><h2>Threat traceability</h2>`)
}

func (p *panel) summary(reviewed string) {
	p.put(`<table><tbody>`)
	p.fact("Threats", strconv.Itoa(p.register))
	open := strconv.Itoa(p.states[threat.Open] + p.states[threat.InProgress])
	if n := p.states[threat.InProgress]; n > 0 {
		open += fmt.Sprintf(" (%d in progress)", n)
	}
	p.fact("Open", open)
	p.fact("Mitigated", strconv.Itoa(p.states[threat.Mitigated]))
	p.fact("Verified", strconv.Itoa(p.states[threat.Verified]))
	p.fact("Accepted", strconv.Itoa(p.states[threat.Accepted]))
	p.fact("Last review with changes", reviewed)
	if p.overdue > 0 {
		p.fact("Overdue", strconv.Itoa(p.overdue))
	}
	p.fact("Coverage", p.coverage())
	p.put(`</tbody></table>`)
}

func (p *panel) fact(name, value string) {
	p.put(`<tr><th>`, name, `</th><td>`, storage.Escape(value), `</td></tr>`)
}

// coverage is the share of threats that have a ticket and an owner: what a reader asks first of a register.
func (p *panel) coverage() string {
	if p.register == 0 {
		return "the page states no threats"
	}
	return fmt.Sprintf("%d of %d with ticket and owner", p.covered, p.register)
}

// columns of the register. The widths are for the eye: sentences need room, letters don't. Confluence scales them to the page.
var columns = [...]struct{ head, width string }{
	{"Threat", "190"},
	{"STRIDE", "70"},
	{"Severity", "80"},
	{"Mitigation", "240"},
	{"Ticket", "130"},
	{"Owner", "110"},
	{"State", "100"},
	{"Criteria", "100"},
}

func (p *panel) table() {
	if len(p.shown) == 0 {
		return
	}
	p.put(`<table><colgroup>`)
	for _, c := range columns {
		p.put(`<col style="width: `, c.width, `px;" />`)
	}
	p.put(`</colgroup><tbody><tr>`)
	for _, c := range columns {
		p.put(`<th>`, c.head, `</th>`)
	}
	p.put(`</tr>`)
	for _, t := range p.shown {
		p.row(t)
	}
	p.put(`</tbody></table>`)
	if rest := p.register - len(p.shown); rest > 0 {
		p.put(`<p>`, strconv.Itoa(rest), ` more are not shown here, the worst come first. <a href="`,
			storage.Escape(p.JiraURL+"/issues/?jql="+jqlOfPage(p.Page)), `">All tickets of this page</a></p>`)
	}
}

func (p *panel) row(t threat.Threat) {
	p.put(`<tr><td><p>`, storage.Escape(t.Text.Title), `</p><p><sub>`, string(t.ID), `</sub></p></td><td>`)
	p.put(storage.Escape(threat.JoinSTRIDE(t.Text.STRIDE)), `</td><td>`, storage.Escape(severity(t.Text)), `</td><td>`)
	p.mitigations(t.Text.Mitigations)
	p.put(`</td><td>`)
	p.ticket(t)
	p.put(`</td><td>`)
	p.owner(t.Owner)
	p.put(`</td><td>`)
	p.state(t)
	p.put(`</td><td>`, storage.Escape(criteria(t.Criteria)), `</td></tr>`)
}

func (p *panel) mitigations(all []threat.Mitigation) {
	if len(all) == 0 {
		p.put(`<em>none stated</em>`)
		return
	}
	for _, m := range all {
		p.put(`<p>`, storage.Escape(cut(m.Quote, 300)), `</p>`)
	}
}

// ticket shows the status as the reader loads the page: on Cloud by a smart link, which needs no application link; on Data Center by the
// Jira macro, which goes by one. Where that is not known, a plain link is right on every site.
func (p *panel) ticket(t threat.Threat) {
	switch {
	case t.Ticket != nil && t.Ticket.Deleted:
		p.put(storage.Escape(t.Ticket.Key), ` (deleted in Jira)`)
	case t.Ticket != nil && t.Ticket.Hidden:
		p.put(storage.Escape(t.Ticket.Key), ` (not visible to Throughline)`)
	case t.Ticket != nil:
		url := storage.Escape(p.JiraURL + "/browse/" + t.Ticket.Key)
		switch {
		case p.Edition == tenant.Cloud:
			p.put(`<a href="`, url, `" data-card-appearance="inline">`, url, `</a>`)
		case p.JiraLink != "":
			p.put(`<ac:structured-macro ac:name="jira" ac:schema-version="1"><ac:parameter ac:name="serverId">`, storage.Escape(p.JiraLink),
				`</ac:parameter><ac:parameter ac:name="key">`, storage.Escape(t.Ticket.Key), `</ac:parameter></ac:structured-macro>`)
		default:
			p.put(`<a href="`, url, `">`, storage.Escape(t.Ticket.Key), `</a>`)
		}
		if t.Ticket.Category == threat.Done && t.Ticket.Declined {
			p.put(`<p><em>closed as `, storage.Escape(t.Ticket.Resolution), `: reopen it, or have the risk accepted</em></p>`)
		}
		if t.Overdue() {
			p.put(`<p><strong>overdue</strong>: was due `, storage.Escape(t.Ticket.Due), `</p>`)
		}
		if len(t.Marks.Lacks) > 0 {
			p.put(`<p><em>its `, storage.Escape(strings.Join(t.Marks.Lacks, ", ")), ` was taken off by hand, and stays off</em></p>`)
		}
	case t.Blocked != "":
		p.put(`<em>not filed: `, storage.Escape(cut(t.Blocked, 200)), `</em>`)
	default:
		p.put(`<em>being filed</em>`)
	}
}

func (p *panel) owner(o threat.Owner) {
	switch {
	case !o.Known() && o.Reason == "":
		p.put(`<em>nobody yet</em>`)
	case !o.Known():
		p.put(`<em>nobody yet: `, storage.Escape(cut(o.Reason, 200)), `</em>`)
	case p.Names && o.Name != "":
		p.put(storage.Escape(o.Name))
	case p.Edition == tenant.Cloud || p.hashing:
		p.put(`<ac:link><ri:user ri:account-id="`, storage.Escape(o.Account), `" /></ac:link>`)
	case p.Mentions[o.Account] != "":
		p.put(`<ac:link><ri:user ri:userkey="`, storage.Escape(p.Mentions[o.Account]), `" /></ac:link>`)
	default:
		p.put(storage.Escape(cmp.Or(o.Name, o.Account)))
	}
}

func (p *panel) state(t threat.Threat) {
	title := strings.ToUpper(string(t.State))
	if t.Stale {
		title += ", TEXT CHANGED SINCE"
	}
	p.put(`<ac:structured-macro ac:name="status" ac:schema-version="1"><ac:parameter ac:name="title">`, title, `</ac:parameter><ac:parameter ac:name="colour">`,
		colour(t), `</ac:parameter></ac:structured-macro>`)
	switch v, a := t.Verification, t.Acceptance; {
	case t.State == threat.Verified && v != nil:
		p.put(`<p>`, v.At.Occurred.UTC().Format(time.DateOnly), `, `)
		p.person(v.At.By, v.By)
		p.put(`</p>`)
	case t.State == threat.Accepted && a != nil:
		p.put(`<p>until `, storage.Escape(a.Until), `, `)
		p.person(a.At.By, a.By)
		p.put(`</p>`)
	}
}

// person names somebody who decided, as owners are named.
func (p *panel) person(account, name string) { p.owner(threat.Owner{Account: account, Name: name}) }

// aside lists what is not in the register: threats that wait for a person, and those that somebody dismissed, with who and why.
func (p *panel) aside() {
	p.list(threat.Proposed, "proposed, waiting for a person's decision", func(threat.Threat) {})
	p.list(threat.Dismissed, "dismissed as no threat", func(t threat.Threat) {
		if t.Moved.By != "" && !p.Names {
			p.put(`, by `)
			p.person(t.Moved.By, "")
		}
		p.put(`: `, storage.Escape(cut(strings.TrimPrefix(t.Moved.Why, "dismissed: "), 200)))
	})
}

func (p *panel) list(state threat.State, is string, more func(threat.Threat)) {
	all := p.states[state]
	if all == 0 {
		return
	}
	p.put(`<p>`, strconv.Itoa(all), ` `, is, `:</p><ul>`)
	shown := 0
	for _, t := range p.Threats {
		if t.State == state && shown < DefaultRows {
			shown++
			p.put(`<li>`, storage.Escape(t.Text.Title), ` <sub>`, string(t.ID), `</sub>`)
			more(t)
			p.put(`</li>`)
		}
	}
	p.put(`</ul>`)
}

func (p *panel) put(parts ...string) {
	for _, s := range parts {
		p.b.WriteString(s)
	}
}

// colour follows Confluence's five: grey, red, yellow, green, blue.
func colour(t threat.Threat) string {
	switch {
	case t.Stale:
		return "Yellow"
	case t.State == threat.InProgress:
		return "Blue"
	case t.State == threat.Mitigated, t.State == threat.Verified:
		return "Green"
	case t.State == threat.Accepted:
		return "Yellow"
	case t.State == threat.Open && t.Text.Severity.Rank() >= threat.High.Rank():
		return "Red"
	}
	return "Grey"
}

func severity(t threat.Text) string {
	if t.Severity == threat.Unstated {
		return "not stated"
	}
	return string(t.Severity)
}

func criteria(all []threat.Criterion) string {
	ids := make([]string, len(all))
	for i, c := range all {
		ids[i] = c.ID
	}
	return strings.Join(ids, ", ")
}

func reviewed(at time.Time, version int) string {
	return fmt.Sprintf("%s UTC, page version %d", at.UTC().Format("2006-01-02 15:04:05"), version)
}

// cut shortens text to at most n bytes on a word, with an ellipsis.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	if i := strings.LastIndexByte(text[:n], ' '); i > 0 {
		return text[:i] + " …"
	}
	return strings.ToValidUTF8(text[:n], "") + " …"
}

// macroID gives a page's panel the same id at every write, in the form of a UUID as Confluence's editor makes them.
func macroID(page string) string {
	s := sha256.Sum256([]byte("throughline panel of page " + page))
	s[6], s[8] = s[6]&0x0f|0x80, s[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", s[0:4], s[4:6], s[6:8], s[8:10], s[10:16])
}

func jqlOfPage(page string) string {
	return "issue.property%5Bthroughline.threat%5D.page%20%3D%20%22" + page + "%22"
}
