// Package evidencetest makes ledgers to try evidence on: lives of threats with everything that can happen to them.
package evidencetest

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
)

// Begin is the first instant of every made ledger, UTC.
var Begin = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

// PerPage is how many threats a page of a made ledger states.
const PerPage = 50

// Entries returns the ledger of n threats, about ten entries each, over about 170 days, with every kind of entry in it. The same n
// gives the same entries. Recorded and Seq are set as a store would.
func Entries(n int) iter.Seq[ledger.Entry] {
	return func(yield func(ledger.Entry) bool) {
		l := &lives{rand: rand.New(rand.NewPCG(1, uint64(n))), yield: yield, now: Begin, step: 170 * 24 * time.Hour / time.Duration(10*n+1)}
		for first := 0; first < n && !l.stopped; first += PerPage {
			l.page(first, min(first+PerPage, n))
		}
	}
}

type lives struct {
	rand    *rand.Rand
	yield   func(ledger.Entry) bool
	stopped bool
	now     time.Time
	step    time.Duration
	seq     uint64
	id      string // of the page
	version int
}

func (l *lives) add(kind ledger.Kind, id, by string, fact any) {
	if l.stopped {
		return
	}
	l.now = l.now.Add(l.step).Truncate(time.Millisecond)
	e := ledger.Entry{
		Seq: l.seq, Kind: kind, Page: l.id, Threat: id, Version: l.version, By: by,
		Occurred: l.now.Add(-3 * time.Second), Observed: l.now.Add(-time.Second), Recorded: l.now, Data: ledger.Encode(fact),
	}
	l.seq++
	l.stopped = !l.yield(e)
}

var (
	kinds      = []threat.STRIDE{threat.Spoofing, threat.Tampering, threat.Repudiation, threat.Disclosure, threat.DenialOfService, threat.Elevation}
	severities = []threat.Severity{threat.Critical, threat.High, threat.Medium, threat.Low, threat.Unstated}
	people     = []string{"557058:ada", "557058:berk", "557058:chloé", "557058:daichi", "557058:eyal"}
	names      = []string{"Ada Lovelace", "Berk Çelik", "Chloé Lefèvre", "佐藤大地", "אייל כהן"}
	stories    = []string{
		"Session tokens are replayed from a stolen laptop", "Webhook bodies are forged", "Audit log entries are deleted by an administrator",
		"Personal data leaks through verbose error messages", "A flood of requests exhausts the connection pool", "A role change is not checked on the server",
		"=HYPERLINK(\"http://example.com\",\"Click\")", "攻撃者がパスワードを推測する", "مهاجم يخمن كلمات المرور", "Злоумышленник подменяет обновление", "Der Angreifer liest unverschlüsselte Backups",
	}
)

func (l *lives) page(from, to int) {
	l.id, l.version = strconv.Itoa(1_000_000+from), 1
	space := []string{"ENG", "PAY", "OPS"}[from/PerPage%3]
	page := ledger.PageFact{
		Title: "Design of service " + strconv.Itoa(from/PerPage), Space: space, URL: "https://acme.test/wiki/spaces/" + space + "/pages/" + l.id + "/Design+of+service+" + strconv.Itoa(from/PerPage),
		Labels: []string{"design", "threat-model"}, Engine: "2.7 table@3 list@2 heading@2 requirement@1 prose@4", Found: to - from, New: to - from,
	}
	l.add(ledger.Reviewed, "", people[0], page)
	for i := from; i < to; i++ {
		l.life(i)
	}
	l.version++
	page.New, page.Changed = 0, 1
	l.add(ledger.Reviewed, "", people[1], page)
	l.add(ledger.PanelWritten, "", "", ledger.PanelFact{Version: l.version + 1, Message: "Threats updated"})
	l.version++
	if from/PerPage%7 == 3 {
		page.Failed = "the page's body is not well-formed at byte 311"
		l.add(ledger.ReviewFailed, "", people[2], page)
	}
}

func (l *lives) life(i int) {
	r := l.rand
	id := fmt.Sprintf("T-%08d", i)
	story := stories[r.IntN(len(stories))]
	text := threat.Text{
		Title: story, Statement: story + ".", Quote: story + ". " + strings.Repeat("It was seen before. ", 1+r.IntN(8)), Section: []string{"Security", "Threats"},
		Origin: threat.Stated, Finder: "table", Confidence: 0.97, Why: "row of a table whose header names threats and mitigations",
		STRIDE: []threat.STRIDE{kinds[r.IntN(6)]}, STRIDEBy: "stated", Severity: severities[r.IntN(5)], Element: "Login API",
		Mitigations: []threat.Mitigation{{Quote: "Rotate keys, and bind sessions to the device", Status: "planned"}}, CWE: []string{"CWE-287"},
	}
	text.At.Start, text.At.End = i%PerPage*400, i%PerPage*400+350
	criteria := []threat.Criterion{
		{Framework: "soc2-tsc-2017", ID: "CC3.2", By: "mapping@2"},
		{Framework: "soc2-tsc-2017", ID: "CC4.2", By: "mapping@2"},
		{Framework: "soc2-tsc-2017", ID: "CC5.1", By: "mapping@2"},
		{Framework: "soc2-tsc-2017", ID: "CC6.1", By: "mapping@2"},
	}
	l.add(ledger.Stated, id, people[0], ledger.TextFact{Text: text, Criteria: criteria})
	state := threat.State("")
	move := func(to threat.State, by, why string, stale bool) {
		l.add(ledger.Moved, id, by, ledger.MoveFact{From: state, To: to, Why: why, Stale: stale})
		state = to
	}
	move(threat.Open, people[0], "the page states it", false)
	owner := r.IntN(len(people) + 1)
	if owner < len(people) {
		l.add(ledger.Owned, id, "", ledger.OwnerFact{Owner: threat.Owner{Account: people[owner], Name: names[owner], Reason: "mentioned in the threat's row"}})
	} else {
		owner = 0
		l.add(ledger.Owned, id, "", ledger.OwnerFact{Owner: threat.Owner{Reason: "nobody is named, and the page's owner cannot be assigned"}})
	}
	key := fmt.Sprintf("SEC-%d", i+1)
	ticket := threat.Ticket{
		ID: strconv.Itoa(10_000 + i), Key: key, URL: "https://acme.test/browse/" + key, Status: "To Do", Category: threat.ToDo, Assignee: people[owner],
		Due: l.now.AddDate(0, 0, 5+r.IntN(120)).Format(time.DateOnly), Updated: l.now,
	}
	l.add(ledger.Filed, id, "", ledger.TicketFact{Ticket: ticket, Why: "filed"})
	ticketed := func(status string, c threat.Category, resolution string) {
		ticket.Status, ticket.Category, ticket.Resolution, ticket.Updated = status, c, resolution, l.now
		l.add(ledger.Ticketed, id, people[owner], ledger.TicketFact{Ticket: ticket})
	}
	switch fate := r.IntN(20); {
	case fate < 2: // stays open
	case fate == 2:
		l.add(ledger.Commanded, id, people[4], ledger.CommandFact{Issue: key, Comment: "9", Text: "/accept-risk until 2026-12-31 the vendor is slow"})
		l.add(ledger.RiskAccepted, id, people[4], ledger.AcceptedFact{Acceptance: threat.Acceptance{
			Until: "2026-12-31", Reason: "the vendor is slow", Comment: "9", At: threat.Moment{Occurred: l.now, Observed: l.now, By: people[4], Version: 1},
		}})
		move(threat.Accepted, people[4], "the vendor is slow", false)
	case fate == 3:
		move(threat.Withdrawn, people[1], "its text is gone from the page", false)
	case fate == 4:
		ticket.Deleted = true
		l.add(ledger.Ticketed, id, people[1], ledger.TicketFact{Ticket: ticket, Why: "Jira says it is gone"})
	case fate == 5:
		l.add(ledger.Overdue, id, "", ledger.OverdueFact{Ticket: key, Due: ticket.Due})
		l.add(ledger.Drifted, id, people[2], ledger.DriftFact{Ticket: key, What: "label", Restored: true})
		chosen := []threat.Criterion{{Framework: "soc2-tsc-2017", ID: "CC6.7", By: people[2]}}
		l.add(ledger.Weighed, id, people[2], ledger.CriteriaFact{Was: criteria, Criteria: chosen, Why: "data in transit only"})
	case fate == 6:
		move(threat.Dismissed, people[3], "out of scope", false)
	default:
		ticketed("In Progress", threat.Doing, "")
		move(threat.InProgress, people[owner], "its ticket is being worked on", false)
		ticketed("Done", threat.Done, "Done")
		move(threat.Mitigated, people[owner], "its ticket is done", false)
		l.done(id, fate, owner, key, &text, criteria, move)
	}
}

// done is what comes after a ticket's work.
func (l *lives) done(id string, fate, owner int, key string, text *threat.Text, criteria []threat.Criterion, move func(threat.State, string, string, bool)) {
	switch fate {
	case 7:
		move(threat.Open, people[2], "its ticket was reopened", false)
		return
	case 8, 9:
		return
	}
	by := people[(owner+1)%len(people)]
	var waived []string
	if fate == 10 {
		by, waived = people[owner], []string{"four eyes"}
	}
	if fate == 11 {
		l.add(ledger.Commanded, id, people[owner], ledger.CommandFact{Issue: key, Comment: "7", Text: "/verify done", Refused: "nobody verifies their own ticket: ask somebody else"})
		l.add(ledger.Altered, id, people[owner], ledger.CommandFact{Issue: key, Comment: "7"})
	}
	l.add(ledger.Verified, id, by, ledger.VerifiedFact{Verification: threat.Verification{
		Note: "Tried again with the old token: refused", Comment: "8", Waived: waived,
		Links: []threat.Proof{{Kind: "change", URL: "https://git.test/acme/login/pull/7"}}, At: threat.Moment{Occurred: l.now, Observed: l.now, By: by, Version: 1},
	}})
	move(threat.Verified, by, "verified: tried again with the old token", false)
	if fate == 12 {
		text.Quote += " Changed."
		l.add(ledger.Changed, id, people[0], ledger.TextFact{Text: *text, Criteria: criteria, Changed: []string{"wording"}})
		move(threat.Verified, people[0], "its text changed after it was verified", true)
	}
}
