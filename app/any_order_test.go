package app

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/host"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// TestWebhooksInAnyOrder lets people work on the pages and tickets of a site, and keeps the webhooks that the site sends. Two copies of the
// site and of what was known before get them: one in order and once each, the other each up to five times, and all of them shuffled. In
// the end both know the same, the pages look the same, and the exports are the same bytes, with each state that a ticket passed through,
// but for when something was heard of, and which version of the page was known then. Of tickets that were deleted, whose history nobody can
// read any more, both know what the webhooks told.
func TestWebhooksInAnyOrder(t *testing.T) {
	pages, want := 15, 3000
	if soak() {
		pages, want = 400, 100_000
	}
	dice := rand.New(rand.NewPCG(11, 5))
	home, known := t.TempDir(), t.TempDir()
	told := tell(t, dice, home, known, pages, want*2/5)
	shuffled, times := slices.Clone(told), make([]int, len(told)) // each once
	for len(shuffled) < want {
		if i := dice.IntN(len(told)); times[i] < 4 {
			shuffled, times[i] = append(shuffled, told[i]), times[i]+1
		}
	}
	dice.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	inOrder := deliver(t, home, known, told)
	inAny := deliver(t, home, known, shuffled)
	if diff := cmp.Diff(inOrder.records, inAny.records); diff != "" {
		t.Errorf("known (-in order +in any):\n%.4000s", diff)
	}
	if diff := cmp.Diff(inOrder.bodies, inAny.bodies); diff != "" {
		t.Errorf("pages (-in order +in any):\n%.4000s", diff)
	}
	if !bytes.Equal(inOrder.export, inAny.export) {
		t.Errorf("exports (-in order +in any):\n%.4000s", cmp.Diff(strings.Split(string(inOrder.export), "\n"), strings.Split(string(inAny.export), "\n")))
	}
	lost := lastWordsOf(t, told)
	for name, got := range map[string]map[string]lastWord{"in order": inOrder.deleted, "in any order": inAny.deleted} {
		maps.DeleteFunc(got, func(id string, is lastWord) bool { return lost[id].Status == "" && is.Steps == nil }) // nothing else was told of it
		if diff := cmp.Diff(lost, got); diff != "" {
			t.Errorf("deleted tickets (-told +known %s):\n%.4000s", name, diff)
		}
	}
	if len(lost) < pages/5 {
		t.Errorf("%d tickets were deleted: this proves little", len(lost))
	}
	if inAny.moved < pages/2 || len(inOrder.export) < 1000 {
		t.Errorf("%d threats are other than open: this proves little", inAny.moved)
	}
	t.Logf("%d webhooks of %d pages: %d deliveries, %d threats known, %d of them not open any more, %d tickets deleted, %d bytes of export", len(told), pages, len(shuffled), inAny.threats, inAny.moved, len(inAny.deleted), len(inAny.export))
}

// tell makes a site in the folder home whose pages are all reviewed, and known in the other folder, then lets people change things there
// so many times, and returns what webhooks told of it.
func tell(t *testing.T, dice *rand.Rand, home, known string, pages, acts int) []work.Delivery {
	t.Helper()
	drafts := make([]draft, pages)
	seeds := make([]seed.Page, pages)
	for i := range drafts {
		drafts[i] = draft{service: i, rows: []int{1, 1, 0, 1}}
		seeds[i] = seed.Page{Title: fmt.Sprintf("Service %d", i), Labels: []string{"design"}, Owner: site.Dana, Body: drafts[i].text()}
	}
	world := newPlanet(t, sandbox.Options{Dir: home, Pages: seeds})
	synctest.Test(t, func(t *testing.T) {
		world.now = time.Now
		p := start(t, world, known, quietly)
		await(t, 3*time.Hour, "all pages reviewed", func() bool { return p.settled(t) && p.reviewed(t) == pages })
		p.stop()
	})
	clock := historyBegins
	world.now = func() time.Time { return clock }
	ear := listen(t, world)
	all := world.Confluence().Pages()
	slices.SortFunc(all, func(a, b confluence.Page) int { return strings.Compare(a.ID, b.ID) })
	var keys []string
	for _, issue := range world.Jira().Issues() {
		keys = append(keys, issue.Key)
	}
	for range acts {
		if dice.IntN(20) > 0 { // else in the same moment
			clock = clock.Add(time.Duration(1+dice.IntN(2000)) * time.Millisecond)
		}
		var err error
		if dice.IntN(3) == 0 {
			i := dice.IntN(pages)
			err = drafts[i].act(dice, world, all[i].ID)
		} else {
			i := dice.IntN(len(keys))
			if dice.IntN(60) == 0 && len(keys) > pages {
				err = world.Jira().Delete(site.Sofia, keys[i])
				keys = slices.Delete(keys, i, i+1)
			} else {
				err = actOnTicket(dice, world, keys[i])
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if clock.After(historyEnds) {
		t.Fatalf("the history goes on until %s", clock)
	}
	told := ear.all(t)
	if err := world.Close(); err != nil {
		t.Fatal(err)
	}
	return told
}

// The history takes place after what is simulated before it, and before what is simulated after.
var (
	historyBegins = time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)
	historyEnds   = historyBegins.Add(48 * time.Hour)
)

// quietly has a process rely on webhooks alone.
func quietly(c *Config) { c.Poll = 0 }

// draft is what a page says: which threats, and each in which wording; 0 is not there.
type draft struct {
	service int
	rows    []int
}

func (d draft) text() string {
	var rows strings.Builder
	for i, wording := range d.rows {
		if wording > 0 {
			fmt.Fprintf(&rows, "<tr><td>%s service %d</td><td>%s%s</td></tr>", harms[i], d.service, cures[i], []string{"", " and say so in the log"}[wording-1])
		}
	}
	return "<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr>" + rows.String() + "</tbody></table>"
}

// act does to the page what authors do: edit, throw away, take back, label.
func (d *draft) act(dice *rand.Rand, world *planet, id string) error {
	page, _ := world.Confluence().Page(id)
	switch n := dice.IntN(12); {
	case page.Status == confluence.Trashed:
		return world.Confluence().Restore(site.Amir, id)
	case n == 0:
		return world.Confluence().Trash(site.Amir, id)
	case n == 1:
		labels := []string{"design", fmt.Sprintf("label-%d", dice.IntN(3))}
		return world.Confluence().SetLabels(site.Amir, id, labels)
	}
	was := d.text()
	i := dice.IntN(len(d.rows))
	d.rows[i] = (d.rows[i] + 1 + dice.IntN(2)) % 3
	now := page.Version()
	_, err := world.Confluence().Edit(site.Amir, id, confluence.Edit{Version: now.Number + 1, Title: now.Title, Body: strings.Replace(now.Body, was, d.text(), 1)})
	return err
}

// actOnTicket does to a ticket what engineers do: move it, assign it, set its date, and what is none of our business. Deleting it is the end
// of that, and of its history, which nobody can read any more.
func actOnTicket(dice *rand.Rand, world *planet, key string) error {
	switch dice.IntN(6) {
	case 0:
		return world.Jira().Assign(site.Sofia, key, []string{site.Kenji, site.Lucia, site.Amir, ""}[dice.IntN(4)])
	case 1:
		return world.Jira().Edit(site.Sofia, key, map[string]any{"duedate": fmt.Sprintf("2000-03-%02d", 1+dice.IntN(28))})
	case 2:
		return world.Jira().Comment(site.Sofia, key, "Looking into it")
	}
	ways := world.Jira().Transitions(key)
	way, resolution := ways[dice.IntN(len(ways))], ""
	if len(way.Required) > 0 {
		resolution = "Won't Do"
	}
	return world.Jira().Transition(site.Kenji, key, way.ID, resolution)
}

// ear hears the webhooks of a site.
type ear struct {
	world *planet
	ended chan struct{} // closed when the last of both products was heard

	mu   sync.Mutex
	told []work.Delivery
	last map[string]bool // products whose last was heard
	errs []error
}

const lastWords = "The history ends here"

func listen(t *testing.T, world *planet) *ear {
	t.Helper()
	e := &ear{world: world, ended: make(chan struct{}), last: map[string]bool{}}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	for _, product := range []string{host.Jira, host.Confluence} {
		if err := world.Host().AddHook(host.Hook{Product: product, URL: server.URL + "/" + product, Secret: "known to both sides"}); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func (e *ear) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	product := path.Base(r.URL.Path)
	if e.last[product] || err != nil {
		e.errs = append(e.errs, err)
		return
	}
	var w struct{ WebhookEvent, Event string }
	d := work.Delivery{}
	if err = json.Unmarshal(body, &w); err == nil {
		d, err = event.Delivery(event.Event{
			Product: tenant.Product(product), Name: w.WebhookEvent + w.Event, Identifier: r.Header.Get("X-Atlassian-Webhook-Identifier"), Seen: historyEnds, Body: body,
		})
	}
	e.errs = append(e.errs, err)
	if bytes.Contains(body, []byte(lastWords)) {
		if e.last[product] = true; len(e.last) == 2 {
			close(e.ended)
		}
		return
	}
	e.told = append(e.told, d)
}

// all waits for the last webhooks and returns all in the order in which they were sent; of the products, in the order of their times.
func (e *ear) all(t *testing.T) []work.Delivery {
	t.Helper()
	space := e.world.Confluence().Pages()[0].SpaceID
	if _, err := e.world.Confluence().Create(site.Dana, confluence.Draft{SpaceID: space, Title: lastWords, Body: "<p>.</p>"}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.world.Jira().Create(site.Dana, map[string]any{"project": map[string]string{"key": "SEC"}, "issuetype": map[string]string{"name": "Task"}, "summary": lastWords}); err != nil {
		t.Fatal(err)
	}
	<-e.ended
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, err := range e.errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.SortStableFunc(e.told, func(a, b work.Delivery) int {
		if len(a.Jobs) == 0 || len(b.Jobs) == 0 {
			return 0
		}
		return a.Jobs[0].Occurred.Compare(b.Jobs[0].Occurred)
	})
	return e.told
}

// outcome is what the deliveries came to, without what depends on when they came.
type outcome struct {
	records        []trace.Record
	bodies         map[string]string
	export         []byte
	threats, moved int
	deleted        map[string]lastWord // by the ticket's id
}

// lastWord is what is to be known of a ticket when it was deleted.
type lastWord struct {
	Status, Assignee, Due, Resolution string
	Steps                             []int64 // of its history, which changed something, in its order
}

// lastWordsOf is what webhooks, in the order of what they tell of, told of tickets that were deleted in the end.
func lastWordsOf(t *testing.T, told []work.Delivery) map[string]lastWord {
	t.Helper()
	all, out := map[string]lastWord{}, map[string]lastWord{}
	for _, d := range told {
		for _, job := range d.Jobs {
			var e event.Issue
			if job.Kind != work.SyncTicket {
				continue
			}
			if err := json.Unmarshal(job.Args, &e); err != nil {
				t.Fatal(err)
			}
			if is, told := all[e.ID]; e.Deleted {
				if told {
					out[e.ID] = is
				}
				continue
			}
			is := lastWord{e.Status, e.Assignee, e.Due, e.Resolution, all[e.ID].Steps}
			for _, s := range e.Steps {
				if slices.ContainsFunc(s.Changes, func(c threat.Change) bool { return c.From != c.To || c.FromName != c.ToName }) {
					is.Steps = append(is.Steps, s.ID)
				}
			}
			all[e.ID] = is
		}
	}
	return out
}

// stepsOf are the steps of tickets that the ledger has, in its order.
func (p *process) stepsOf(t *testing.T) map[string][]int64 {
	t.Helper()
	out := map[string][]int64{}
	err := p.store.Entries(t.Context(), p.tenant, 0, func(e ledger.Entry) bool {
		var f ledger.TicketFact
		if e.Kind == ledger.Ticketed && json.Unmarshal(e.Data, &f) == nil && f.Step != 0 {
			out[f.Ticket.ID] = append(out[f.Ticket.ID], f.Step)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// deliver gives deliveries to a process over copies of the site and of what is known, while it works, and returns what they came to.
func deliver(t *testing.T, home, known string, deliveries []work.Delivery) (out outcome) {
	t.Helper()
	atHome, dir := t.TempDir(), t.TempDir()
	for from, to := range map[string]string{home: atHome, known: dir} {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	// The webhooks that the copy would send go nowhere: what they would tell is no part of the history.
	world := newPlanet(t, sandbox.Options{Dir: atHome, Faults: chaos.Plan{Rules: []chaos.Rule{{Kind: chaos.Lose}}}})
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(historyEnds))
		world.now = time.Now
		p := wake(t, world, dir, quietly)
		before := tickets(p.records(t))
		for i, d := range deliveries {
			d.Tenant = p.tenant
			if _, err := p.store.Accept(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			if i%100 == 99 {
				time.Sleep(time.Second) // it works meanwhile
			}
		}
		await(t, 12*time.Hour, "all done", func() bool { return p.settled(t) })
		out = p.outcome(t, world, before)
		p.stop()
	})
	if err := world.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

func tickets(records []trace.Record) map[string]bool {
	known := map[string]bool{}
	for _, rec := range records {
		for _, th := range rec.Threats {
			if th.Ticket != nil {
				known[th.Ticket.Key] = true
			}
		}
	}
	return known
}

var reviewedAt = regexp.MustCompile(`(Last review with changes</th><td>)[^,]*,`)

var issueKey = regexp.MustCompile(`SEC-[0-9]+`)

func (p *process) outcome(t *testing.T, world *planet, before map[string]bool) outcome {
	t.Helper()
	out := outcome{records: p.records(t), bodies: map[string]string{}, deleted: map[string]lastWord{}}
	steps := p.stepsOf(t)
	// Which of two tickets that are filed now is filed first is nobody's to say.
	fresh := func(text string) string {
		return issueKey.ReplaceAllStringFunc(text, func(key string) string {
			if before[key] {
				return key
			}
			return "SEC-new"
		})
	}
	for i := range out.records {
		rec := &out.records[i]
		page, _ := world.Confluence().Page(rec.Page.ID)
		out.bodies[rec.Page.ID] = reviewedAt.ReplaceAllString(fresh(page.Version().Body), "$1")
		// How many commits and panels it took, and when: the bodies say what the panels show.
		pg := &rec.Page
		pg.Rev, pg.Reviewed, pg.Version, pg.PanelVersion, pg.PanelHash = 0, time.Time{}, 0, 0, ""
		for j := range rec.Threats {
			th := &rec.Threats[j]
			out.threats++
			if th.State != threat.Open {
				out.moved++
			}
			th.Rev, th.Moved, th.Stated = 0, threat.Moment{}, threat.Moment{}
			th.Marks.Linked = time.Time{} // by our own clock
			if th.Ticket != nil {
				is := *th.Ticket
				if is.Deleted {
					out.deleted[is.ID] = lastWord{is.Status, is.Assignee, is.Due, is.Resolution, steps[is.ID]}
				}
				if th.State == threat.Withdrawn {
					th.Was = threat.Follow(th.Was, is.Standing()) // as which it would come back
				}
				is.Updated = time.Time{}
				if is.Key = fresh(is.Key); is.Key == "SEC-new" {
					is.ID, is.URL = "", ""
				}
				th.Ticket = &is
			}
		}
	}
	var text bytes.Buffer
	window := evidence.Window{From: time.Now(), To: time.Now().Add(time.Hour)}
	walk := &evidence.Walk{Log: p.store, Tenant: p.tenant, Until: window.To}
	if _, err := evidence.Flat(t.Context(), &text, evidence.CSV, walk, evidence.Query{Window: window, AsOf: window.To}); err != nil {
		t.Fatal(err)
	}
	out.export = timeless(t, text.Bytes(), fresh)
	return out
}

// timeless is an export without when things were heard of: every state of every threat stays, with why, by whom and since when.
func timeless(t *testing.T, export []byte, fresh func(string) string) []byte {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(export)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := slices.Clone(rows[0])
	var text bytes.Buffer
	out := csv.NewWriter(&text)
	for _, row := range rows {
		for j, column := range columns {
			switch column {
			case "observed_utc", "recorded_utc", "ledger_entry", "stated_entry", "state_page_version":
				row[j] = ""
			default:
				row[j] = fresh(row[j])
			}
		}
		if err := out.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	out.Flush()
	return text.Bytes()
}
