package event_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/descriptor"
)

var seen = time.Date(2026, 11, 23, 12, 0, 1, 0, time.UTC)

func TestConfluence(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 5e6, time.UTC)
	tests := []struct {
		name, event, body string
		key               string
		want              *event.Page // nil: no job
	}{
		{
			name: "updated", event: "page_updated",
			body: `{"userAccountId":"5b10","accountType":"customer","updateTrigger":"edit_page","timestamp":1795435200005,
				"page":{"id":98765,"idAsString":"98765","title":"Payments","spaceKey":"SEC","version":4,"contentType":"page","lastModifierAccountId":"5b11"}}`,
			key:  "confluence/page_updated/98765/4/1795435200005/",
			want: &event.Page{ID: "98765", Version: 4, Space: "SEC", By: "5b10", At: at, Event: "page_updated"},
		},
		{
			name: "id as text, no user", event: "page_created",
			body: `{"timestamp":1795435200005,"page":{"id":"98765","version":1,"lastModifierAccountId":"5b11"}}`,
			key:  "confluence/page_created/98765/1/1795435200005/",
			want: &event.Page{ID: "98765", Version: 1, By: "5b11", At: at, Event: "page_created"},
		},
		{
			name: "an id beyond what a float holds", event: "page_created",
			body: `{"timestamp":1795435200005,"page":{"id":9007199254740993,"version":1}}`,
			key:  "confluence/page_created/9007199254740993/1/1795435200005/",
			want: &event.Page{ID: "9007199254740993", Version: 1, At: at, Event: "page_created"},
		},
		{
			name: "trashed", event: "page_trashed",
			body: `{"userAccountId":"5b10","timestamp":1795435200005,"page":{"id":1,"version":4}}`,
			key:  "confluence/page_trashed/1/4/1795435200005/",
			want: &event.Page{ID: "1", Version: 4, By: "5b10", At: at, Event: "page_trashed", Removed: true},
		},
		{
			name: "restored", event: "page_restored",
			body: `{"userAccountId":"5b10","timestamp":1795435200005,"page":{"id":1,"version":4}}`,
			key:  "confluence/page_restored/1/4/1795435200005/",
			want: &event.Page{ID: "1", Version: 4, By: "5b10", At: at, Event: "page_restored"},
		},
		{
			name: "labelled", event: "label_added",
			body: `{"userAccountId":"5b10","timestamp":1795435200005,"label":{"name":"design","prefix":"global"},"labeled":{"id":1,"version":4,"contentType":"page"}}`,
			key:  "confluence/label_added/1/4/1795435200005/design",
			want: &event.Page{ID: "1", Version: 4, By: "5b10", At: at, Event: "label_added"},
		},
		{
			name: "a blog post labelled", event: "label_added",
			body: `{"timestamp":1795435200005,"label":{"name":"design"},"labeled":{"id":1,"version":4,"contentType":"blogpost"}}`,
			key:  "confluence/label_added/1/4/1795435200005/design",
		},
		{
			name: "undated", event: "page_updated", body: `{"page":{"id":1,"version":4}}`,
			key:  "confluence/page_updated/aa63cf925dd3812c744480a4e25356ab",
			want: &event.Page{ID: "1", Version: 4, At: seen, Event: "page_updated"},
		},
		{
			name: "other types than expected where nobody reads", event: "page_updated",
			body: `{"userAccountId":{"a":1},"timestamp":1795435200005,"label":7,"page":{"id":1,"version":4,"spaceKey":["x"]}}`,
			key:  "confluence/page_updated/1/4/1795435200005/",
			want: &event.Page{ID: "1", Version: 4, At: at, Event: "page_updated"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := event.Delivery(event.Event{Product: tenant.Confluence, Name: tt.event, Seen: seen, Body: []byte(tt.body)})
			if err != nil {
				t.Fatal(err)
			}
			want := work.Delivery{Key: tt.key, Seen: seen}
			if tt.want != nil {
				args, err := json.Marshal(tt.want)
				if err != nil {
					t.Fatal(err)
				}
				want.Jobs = []work.Job{{
					Kind: work.ReviewPage, Subject: tt.want.ID, Args: args, RunAt: seen, Occurred: tt.want.At, Observed: seen,
				}}
			}
			if diff := cmp.Diff(want, d); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestJira(t *testing.T) {
	const moved = `{"timestamp":1795435200005,"webhookEvent":"jira:issue_updated","issue_event_type_name":"issue_generic",
		"user":{"accountId":"5b10","displayName":"Kim"},
		"issue":{"id":"10040","key":"SEC-12","fields":{"summary":"[T-3K7QX2ZD] Forged tokens","project":{"key":"SEC"},
			"status":{"id":"3","name":"Erledigt","statusCategory":{"key":"done"}},"assignee":{"accountId":"5b12","displayName":"Ash"},
			"duedate":"2026-12-01","resolution":{"name":"Done"},"labels":["throughline"],"updated":"2026-11-23T13:00:00.001+0100"}},
		"changelog":{"id":"10230","items":[
			{"field":"resolution","fieldtype":"jira","fieldId":"resolution","from":null,"fromString":null,"to":"1","toString":"Done"},
			{"field":"description","fieldtype":"jira","fieldId":"description","from":null,"fromString":"a","to":null,"toString":"b"},
			{"field":"status","fieldtype":"jira","from":"2","fromString":"In Arbeit","to":"3","toString":"Erledigt"}]}}`
	updated := time.Date(2026, 11, 23, 12, 0, 0, 1e6, time.UTC)
	want := event.Issue{
		ID: "10040", Key: "SEC-12", Project: "SEC", Summary: "[T-3K7QX2ZD] Forged tokens", Status: "Erledigt", StatusID: "3", Category: threat.Done,
		Assignee: "5b12", AssigneeName: "Ash", Due: "2026-12-01", Resolution: "Done", Labels: []string{"throughline"},
		Updated: updated, By: "5b10",
		Steps: []threat.Step{{ID: 10230, By: "5b10", At: updated, Category: threat.Done, Changes: []threat.Change{
			{Field: threat.FieldResolution, To: "1", ToName: "Done"},
			{Field: threat.FieldStatus, From: "2", FromName: "In Arbeit", To: "3", ToName: "Erledigt"},
		}}},
		At: time.Date(2026, 11, 23, 12, 0, 0, 5e6, time.UTC), Event: "jira:issue_updated",
	}
	d, err := event.Delivery(event.Event{Product: tenant.Jira, Name: "jira:issue_updated", Seen: seen, Body: []byte(moved)})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Jobs) != 1 || d.Jobs[0].Kind != work.SyncTicket || d.Jobs[0].Subject != "10040#10230" || d.Jobs[0].Lane != "10040" {
		t.Fatalf("jobs %+v", d.Jobs)
	}
	var got event.Issue
	if err := json.Unmarshal(d.Jobs[0].Args, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("issue (-want +got):\n%s", diff)
	}
	if d.Key != "jira/jira:issue_updated/10040/10230///1795435200005" {
		t.Errorf("key %q", d.Key)
	}
	// Jira's own identifier, where it sends one, is the same over its retries.
	d, err = event.Delivery(event.Event{Product: tenant.Jira, Name: "jira:issue_updated", Identifier: "b5c1", Seen: seen, Body: []byte(moved)})
	if err != nil || d.Key != "jira/jira:issue_updated/by-identifier/b5c1" {
		t.Errorf("key %q, error %v", d.Key, err)
	}
}

// What Data Center sends: of a page its id alone, unless it is set to say more; of people keys and usernames.
const (
	dcTrashed = `{"timestamp":1795435200005,"event":"page_trashed","userKey":"8a808192f1","page":{"id":98765}}`
	dcWordy   = `{"timestamp":1795435200005,"event":"page_updated","page":{"id":98765,"title":"T","contentType":"page","spaceKey":"SEC","version":4,"creatorKey":"a","lastModifierKey":"8a808192f2"},"updateTrigger":"edit_page"}`
	dcLabel   = `{"timestamp":1795435200005,"event":"label_added","userKey":"8a808192f1","label":{"name":"design","prefix":"global"},"labeled":{"id":98765}}`
	dcMoved   = `{"timestamp":1795435200005,"webhookEvent":"jira:issue_updated","user":{"key":"JIRAUSER10100","name":"ada","displayName":"Ada"},"issue":{"id":"10040","key":"SEC-12","fields":{"assignee":{"key":"JIRAUSER10101","name":"kim","displayName":"Kim"},"status":{"name":"Done","statusCategory":{"key":"done"}}}}}`
)

func TestDataCenter(t *testing.T) {
	at := time.UnixMilli(1795435200005).UTC()
	tests := []struct {
		name    string
		product tenant.Product
		event   string
		body    string
		want    any
	}{
		{"a page in the trash", tenant.Confluence, "page_trashed", dcTrashed, event.Page{ID: "98765", By: "8a808192f1", At: at, Event: "page_trashed", Removed: true}},
		{"a page, at length", tenant.Confluence, "page_updated", dcWordy, event.Page{ID: "98765", Version: 4, Space: "SEC", By: "8a808192f2", At: at, Event: "page_updated"}},
		{"a label", tenant.Confluence, "label_added", dcLabel, event.Page{ID: "98765", By: "8a808192f1", At: at, Event: "label_added"}},
		{"an issue", tenant.Jira, "jira:issue_updated", dcMoved, event.Issue{
			ID: "10040", Key: "SEC-12", Project: "SEC", Status: "Done", Category: threat.Done, Assignee: "kim", AssigneeName: "Kim", Updated: at, By: "ada", At: at, Event: "jira:issue_updated",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := event.Delivery(event.Event{Product: tt.product, Name: tt.event, Seen: seen, Body: []byte(tt.body)})
			if err != nil || len(d.Jobs) != 1 {
				t.Fatalf("%+v, %v", d, err)
			}
			want, err := json.Marshal(tt.want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(d.Jobs[0].Args)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name    string
		product tenant.Product
		event   string
		body    string
		want    fault.Kind
	}{
		{"unknown event", tenant.Confluence, "space_created", `{}`, fault.NotFound},
		{"the other product's event", tenant.Jira, "page_updated", `{}`, fault.NotFound},
		{"unknown product", "bamboo", "page_updated", `{}`, fault.NotFound},
		{"empty", tenant.Confluence, "page_updated", ``, fault.Invalid},
		{"null", tenant.Confluence, "page_updated", `null`, fault.Invalid},
		{"no page", tenant.Confluence, "page_updated", `{"timestamp":1}`, fault.Invalid},
		{"an id that is none", tenant.Confluence, "page_updated", `{"page":{"id":"../x"}}`, fault.Invalid},
		{"a negative id", tenant.Confluence, "page_updated", `{"page":{"id":-4}}`, fault.Invalid},
		{"cut off", tenant.Jira, "jira:issue_updated", `{"issue":{"id":"1"`, fault.Invalid},
		{"no issue", tenant.Jira, "jira:issue_updated", `{"webhookEvent":"jira:issue_updated"}`, fault.Invalid},
		{"no id", tenant.Jira, "jira:issue_updated", `{"issue":{"key":"A-1"}}`, fault.Invalid},
		{"a comment of nothing", tenant.Jira, "comment_created", `{"comment":{"id":"1","self":"https://x.test/rest/api/2/comment/1"}}`, fault.Invalid},
		{"no comment", tenant.Jira, "comment_created", `{"issue":{"id":"1"}}`, fault.Invalid},
		{"another event inside", tenant.Jira, "jira:issue_updated", `{"webhookEvent":"jira:issue_deleted","issue":{"id":"1"}}`, fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := event.Delivery(event.Event{Product: tt.product, Name: tt.event, Seen: seen, Body: []byte(tt.body)})
			if err == nil || fault.KindOf(err) != tt.want {
				t.Errorf("error %v is %s, want %s", err, fault.KindOf(err), tt.want)
			}
		})
	}
}

// Real payloads of Cloud, Data Center and old servers: all that name an issue are understood, the others refused.
func TestPublishedPayloads(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(contracttest.Path(t, "contracts", "jira-webhooks"), "*.json"))
	if err != nil || len(files) != 55 {
		t.Fatalf("%d payloads, error %v; want 55", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var known struct {
				WebhookEvent string
				Timestamp    int64
				Comment      struct{ ID string }
				Issue        *struct {
					ID, Key string
					Fields  struct {
						Status struct{ StatusCategory struct{ Key threat.Category } }
					}
				}
			}
			if err := json.Unmarshal(body, &known); err != nil {
				t.Fatal(err)
			}
			d, err := event.Delivery(event.Event{Product: tenant.Jira, Name: known.WebhookEvent, Seen: seen, Body: body})
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(known.WebhookEvent, "comment_") {
				// Data Center's name no issue but by the comment's own address.
				var got event.Comment
				if err := json.Unmarshal(d.Jobs[0].Args, &got); err != nil || len(d.Jobs) != 1 || d.Jobs[0].Kind != work.HeedComment {
					t.Fatalf("%v, jobs %+v", err, d.Jobs)
				}
				if known.Issue != nil && got.Issue != known.Issue.ID || got.Issue == "" || got.ID == "" || got.Author == "" || got.Text == "" ||
					got.Created.IsZero() || got.Updated.Before(got.Created) || got.At.UnixMilli() != known.Timestamp ||
					got.Deleted != (known.WebhookEvent == "comment_deleted") {
					t.Errorf("got %+v", got)
				}
				return
			}
			if told := known.Comment.ID != ""; told != (len(d.Jobs) == 2) {
				t.Errorf("tells of a comment %v, and led to %d jobs", told, len(d.Jobs))
			}
			var got event.Issue
			if err := json.Unmarshal(d.Jobs[0].Args, &got); err != nil {
				t.Fatal(err)
			}
			if got.ID != known.Issue.ID || got.Key != known.Issue.Key || got.Category != known.Issue.Fields.Status.StatusCategory.Key ||
				got.At.UnixMilli() != known.Timestamp || got.By == "" || got.Updated.IsZero() ||
				got.Deleted != (known.WebhookEvent == "jira:issue_deleted") || !strings.HasPrefix(got.Key, got.Project+"-") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// What the descriptors subscribe to is understood.
func TestSubscribedEvents(t *testing.T) {
	for _, product := range descriptor.Products() {
		for _, name := range descriptor.Events(product) {
			if !event.Known(tenant.Product(product), name) {
				t.Errorf("%s subscribes to %s, which is not known", product, name)
			}
		}
	}
}

// Whatever the bytes, decoding ends with a delivery that can be kept or with a fault, and the same bytes give the same key.
func FuzzDelivery(f *testing.F) {
	f.Add(true, "page_updated", `{"timestamp":1795435200005,"page":{"id":1,"version":4}}`)
	f.Add(true, "label_added", `{"label":{"name":"x"},"labeled":{"id":"1"}}`)
	f.Add(false, "jira:issue_updated", `{"timestamp":1,"issue":{"id":"1","key":"A-1","fields":{"updated":"2019-08-11T18:49:13.412-0700"}}}`)
	f.Add(false, "comment_created", `{"issue":{"id":1},"comment":{"id":"x"}}`)
	f.Add(true, "page_trashed", dcTrashed)
	f.Add(true, "page_updated", dcWordy)
	f.Add(true, "label_added", dcLabel)
	f.Add(false, "jira:issue_updated", dcMoved)
	f.Add(false, "comment_updated", `{"comment":{"self":"https://x.test/rest/api/2/issue/10040/comment/10019","id":"1","body":{"type":"doc","content":[]}}}`)
	f.Fuzz(func(t *testing.T, wiki bool, name, body string) {
		product := tenant.Jira
		if wiki {
			product = tenant.Confluence
		}
		e := event.Event{Product: product, Name: name, Seen: seen, Body: []byte(body)}
		d, err := event.Delivery(e)
		if err != nil {
			if k := fault.KindOf(err); k != fault.Invalid && k != fault.NotFound {
				t.Fatalf("error %v is %s", err, k)
			}
			return
		}
		again, _ := event.Delivery(e)
		if diff := cmp.Diff(d, again); diff != "" {
			t.Fatalf("the same bytes gave another delivery:\n%s", diff)
		}
		if d.Key == "" || len(d.Jobs) > 2 {
			t.Fatalf("delivery %+v", d)
		}
		for _, j := range d.Jobs {
			if j.Subject == "" || j.Occurred.IsZero() || !json.Valid(j.Args) {
				t.Fatalf("job %+v", j)
			}
		}
	})
}

func BenchmarkConfluence(b *testing.B) {
	body := []byte(`{"userAccountId":"5b10ac8d82e05b22cc7d4ef5","accountType":"customer","updateTrigger":"edit_page","timestamp":1769904000001,
		"page":{"id":1,"idAsString":"1","title":"Payments API design","spaceKey":"SEC","version":2,"contentType":"page",
		"creationDate":1769904000000,"modificationDate":1769904000001,"creatorAccountId":"5b10ac8d82e05b22cc7d4ef5",
		"lastModifierAccountId":"5b10ac8d82e05b22cc7d4ef5","self":"http://127.0.0.1/wiki"},"suppressNotifications":false}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := event.Delivery(event.Event{Product: tenant.Confluence, Name: "page_updated", Seen: seen, Body: body}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestOutOfSight: what may take an issue out of sight is told apart from all else, for it needs a look.
func TestOutOfSight(t *testing.T) {
	for item, want := range map[string]bool{
		`{"field":"security","fieldId":"security","to":"10100","toString":"Team"}`:              true,
		`{"field":"Sicherheitsstufe","fieldId":"security","from":"10100","fromString":"Team"}`:  true,
		`{"field":"security","to":"10100","toString":"Team"}`:                                   true,
		`{"field":"project","fieldId":"project","from":"1","to":"2"},{"field":"Key","to":null}`: true,
		`{"field":"summary","fieldId":"summary","toString":"security"}`:                         false,
		`{"field":"Key","fieldId":"customfield_1","toString":"x"}`:                              false,
	} {
		body := `{"timestamp":1795435200005,"webhookEvent":"jira:issue_updated","issue":{"id":"1","key":"SEC-1","fields":{}},"changelog":{"id":"7","items":[` + item + `]}}`
		d, err := event.Delivery(event.Event{Product: tenant.Jira, Name: "jira:issue_updated", Seen: seen, Body: []byte(body)})
		if err != nil || len(d.Jobs) != 1 {
			t.Fatalf("%s: %+v, %v", item, d, err)
		}
		var got event.Issue
		if err := json.Unmarshal(d.Jobs[0].Args, &got); err != nil || got.Look != want {
			t.Errorf("%s: look %v, want %v, %v", item, got.Look, want, err)
		}
	}
}
