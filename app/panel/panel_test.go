package panel

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func facts() Facts {
	return Facts{
		Page: "4711", JiraURL: "https://acme.atlassian.net", Reviewed: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC), Version: 7,
		Threats: []threat.Threat{
			{
				ID: "T-3K7QX2ZD", State: threat.InProgress, Owner: threat.Owner{Account: "5b10", Name: "Mira Kowalski", Reason: "mentioned with the threat"},
				Text: threat.Text{
					Title: `Stolen <session> & "cookie"`, STRIDE: []threat.STRIDE{threat.Spoofing, threat.Elevation}, Severity: threat.High,
					Mitigations: []threat.Mitigation{{Quote: "Bind sessions to the device"}, {Quote: "Expire after 15 min"}},
				},
				Ticket:   &threat.Ticket{Key: "SEC-12", Category: threat.Doing},
				Criteria: []threat.Criterion{{ID: "CC3.2"}, {ID: "CC6.1"}},
			},
			{ID: "T-00000001", State: threat.Open, Text: threat.Text{Title: "No ticket yet"}, Owner: threat.Owner{Reason: `"Lee" fits 2 people`}},
			{ID: "T-00000002", State: threat.Open, Text: threat.Text{Title: "Refused"}, Blocked: "Jira refuses a Task: field <x> is required"},
			{ID: "T-00000003", State: threat.Verified, Stale: true, Text: threat.Text{Title: "Rewritten"}, Ticket: &threat.Ticket{Key: "SEC-9", Deleted: true}},
			{ID: "T-00000004", State: threat.Withdrawn, Text: threat.Text{Title: "Gone from the page"}},
			{ID: "T-00000005", State: threat.Proposed, Text: threat.Text{Title: "Perhaps"}},
			{ID: "T-00000009", State: threat.Dismissed, Text: threat.Text{Title: "Not <one>"}, Moved: threat.Moment{By: "5b11", Why: "dismissed: no such host & port"}},
			{
				ID: "T-00000006", State: threat.Verified, Text: threat.Text{Title: "Tested"}, Ticket: &threat.Ticket{Key: "SEC-10", Category: threat.Done, Due: "2026-02-01"},
				Verification: &threat.Verification{By: "Sofia", At: threat.Moment{By: "5b11", Occurred: time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC)}},
				Trail:        &threat.Trail{Overdue: "2026-02-01"},
			},
			{
				ID: "T-00000007", State: threat.Accepted, Text: threat.Text{Title: "Borne"}, Ticket: &threat.Ticket{Key: "SEC-11", Hidden: true},
				Acceptance: &threat.Acceptance{Until: "2026-06-30", At: threat.Moment{By: "5b11"}},
			},
			{
				ID: "T-00000008", State: threat.Open, Text: threat.Text{Title: "Late"}, Ticket: &threat.Ticket{Key: "SEC-13", Category: threat.ToDo, Due: "2026-02-01"},
				Trail: &threat.Trail{Overdue: "2026-02-01"},
			},
		},
	}
}

func TestRenderGolden(t *testing.T) {
	got, _ := Render(facts())
	const file = "testdata/panel.xml"
	pretty := bytes.ReplaceAll(got, []byte("<tr>"), []byte("\n<tr>"))
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, pretty, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pretty, want) {
		t.Errorf("the panel changed; see the difference with -update and git diff:\n%s", pretty)
	}
}

func TestRenderIsAPanel(t *testing.T) {
	region, _ := Render(facts())
	body, err := storage.Splice([]byte("<p>before</p>"), region)
	if err != nil {
		t.Fatal(err)
	}
	span, found, err := storage.FindRegion(body)
	if err != nil || !found || string(body[span.Start:span.End]) != string(region) {
		t.Errorf("the region is not found again: %v, %v, %v", span, found, err)
	}
}

func TestHashFollowsWhatIsShown(t *testing.T) {
	_, base := Render(facts())
	tests := []struct {
		name   string
		change func(*Facts)
		same   bool
	}{
		{"nothing", func(*Facts) {}, true},
		{"a review that changed nothing", func(f *Facts) { f.Version++; f.Reviewed = f.Reviewed.Add(time.Hour) }, true},
		{"what is not shown", func(f *Facts) { f.Threats[0].Rev++; f.Threats[0].Text.At.Start = 5; f.Threats[4].Text.Title = "x" }, true},
		{"a state", func(f *Facts) { f.Threats[0].State = threat.Mitigated }, false},
		{"an owner", func(f *Facts) { f.Threats[0].Owner.Account = "other" }, false},
		{"a mitigation", func(f *Facts) { f.Threats[0].Text.Mitigations = nil }, false},
		{"a ticket", func(f *Facts) { f.Threats[1].Ticket = &threat.Ticket{Key: "SEC-1"} }, false},
		{"names for mentions", func(f *Facts) { f.Names = true }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := facts()
			tt.change(&f)
			if _, got := Render(f); (got == base) != tt.same {
				t.Errorf("hash is the same: %v, want %v", got == base, tt.same)
			}
		})
	}
}

// TestDataCenter writes what Data Center knows: user keys, and tickets by application link or as plain links. Whom Confluence does not know
// is named; and none of it changes the hash, which is known before anybody is looked up.
func TestDataCenter(t *testing.T) {
	base := Facts{
		Page: "7", Edition: tenant.DataCenter, JiraURL: "https://jira.acme.test/jira", Threats: []threat.Threat{
			{ID: "T-1", State: threat.Open, Ticket: &threat.Ticket{Key: "SEC-1"}, Owner: threat.Owner{Account: "kim", Name: "Kim <K>"}},
		},
	}
	_, hash := Render(base)
	tests := []struct {
		name   string
		change func(*Facts)
		want   []string
		same   bool // hash
	}{
		{"known to Confluence", func(f *Facts) { f.Mentions = map[string]string{"kim": "8a80"} }, []string{`<ac:link><ri:user ri:userkey="8a80" /></ac:link>`, `<a href="https://jira.acme.test/jira/browse/SEC-1">SEC-1</a>`}, true},
		{"unknown to Confluence", func(f *Facts) { f.Mentions = map[string]string{"kim": ""} }, []string{`<td>Kim &lt;K&gt;</td>`}, true},
		{"an application link", func(f *Facts) { f.JiraLink = "0f0e" }, []string{`<ac:structured-macro ac:name="jira" ac:schema-version="1"><ac:parameter ac:name="serverId">0f0e</ac:parameter><ac:parameter ac:name="key">SEC-1</ac:parameter></ac:structured-macro>`}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := base
			tt.change(&f)
			region, got := Render(f)
			for _, want := range tt.want {
				if !strings.Contains(string(region), want) {
					t.Errorf("%s is not in\n%s", want, region)
				}
			}
			if strings.Contains(string(region), "account-id") || strings.Contains(string(region), "data-card") {
				t.Errorf("this is Cloud's:\n%s", region)
			}
			if (got == hash) != tt.same {
				t.Errorf("the hash is the same: %v", got == hash)
			}
			if _, found, err := storage.FindRegion(region); err != nil || !found {
				t.Errorf("it is no panel: %v", err)
			}
		})
	}
}

func TestLongRegisterIsCutWorstFirst(t *testing.T) {
	f := Facts{Page: "1", JiraURL: "https://acme.atlassian.net", Rows: 3}
	for i, s := range []threat.Severity{threat.Low, threat.Critical, threat.Unstated, threat.High, threat.Critical} {
		f.Threats = append(f.Threats, threat.Threat{ID: threat.ID(fmt.Sprintf("T-%08d", i)), State: threat.Open, Text: threat.Text{Title: fmt.Sprintf("threat %d", i), Severity: s}})
	}
	f.Threats[1].State = threat.Mitigated // done: after the open ones
	got, _ := Render(f)
	var order []int
	for i := range f.Threats {
		order = append(order, strings.Index(string(got), fmt.Sprintf("threat %d<", i)))
	}
	if order[1] >= 0 || order[2] >= 0 {
		t.Errorf("what is done, or unrated, is shown before what is open and rated: %v", order)
	}
	if order[4] < 0 || order[3] < order[4] || order[0] < order[3] {
		t.Errorf("the order is not worst first: %v", order)
	}
	if !strings.Contains(string(got), "2 more are not shown") || !strings.Contains(string(got), "/issues/?jql=") {
		t.Error("the rest is neither counted nor linked")
	}
	if !strings.Contains(string(got), "<th>Threats</th><td>5</td>") {
		t.Error("the summary counts the shown rows, not all threats")
	}
}
