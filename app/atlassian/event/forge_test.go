package event

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/work"
)

const forgeIssueBody = `{"eventType":"avi:jira:updated:issue","selfGenerated":false,"atlassianId":"712020:k",
	"issue":{"id":"10007","key":"SEC-7","fields":{"summary":"S","project":{"key":"SEC"},"updated":"2026-11-23T12:00:05.000+0000",
	"status":{"id":"3","name":"Done","statusCategory":{"key":"done"}},"assignee":{"accountId":"712020:k","displayName":"K"}}},
	"changelog":{"id":"555","items":[{"field":"status","fieldId":"status","from":"2","fromString":"Doing","to":"3","toString":"Done"}]}}`

var forgeSeen = time.Date(2026, 11, 23, 12, 0, 9, 0, time.UTC)

func forgeEvent(t *testing.T, body string) (work.Delivery, error) {
	t.Helper()
	env, err := Open([]byte(body))
	if err != nil {
		return work.Delivery{}, err
	}
	return Forge(ForgeEvent{Installation: "inst", Seen: forgeSeen, Body: []byte(body)}, env)
}

func TestForgePage(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name, body string
		want       Page
	}{
		{
			"updated", `{"eventType":"avi:confluence:updated:page","atlassianId":"a","eventCreatedDate":"2026-11-23T12:00:00.000Z","content":{"id":"9","type":"page","space":{"key":"ARC"},"version":{"number":3,"by":{"accountId":"b"}}}}`,
			Page{ID: "9", Version: 3, Space: "ARC", By: "a", At: at, Event: "avi:confluence:updated:page"},
		},
		{
			"person and time of the version", `{"eventType":"avi:confluence:created:page","content":{"id":9,"version":{"number":1,"by":{"accountId":"b"},"when":"2026-11-23T12:00:00.000Z"}}}`,
			Page{ID: "9", Version: 1, By: "b", At: at, Event: "avi:confluence:created:page"},
		},
		{
			"trashed", `{"eventType":"avi:confluence:trashed:page","eventCreatedDate":1795435200000,"content":{"id":"9","version":{"number":3}}}`,
			Page{ID: "9", Version: 3, At: at, Event: "avi:confluence:trashed:page", Removed: true},
		},
		{
			"a live document has its text looked at, whatever its version", `{"eventType":"avi:confluence:snapshotted:page","eventCreatedDate":"2026-11-23T12:00:00Z","content":{"id":"9","type":"page","subType":"live","version":{"number":3}}}`,
			Page{ID: "9", At: at, Event: "avi:confluence:snapshotted:page"},
		},
		{
			"undated", `{"eventType":"avi:confluence:moved:page","content":{"id":"9"}}`,
			Page{ID: "9", At: forgeSeen, Event: "avi:confluence:moved:page"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for shape, body := range map[string]string{"root": tt.body, "payload": `{"payload":` + tt.body + `}`} {
				d, err := forgeEvent(t, body)
				if err != nil || len(d.Jobs) != 1 || d.Jobs[0].Kind != work.ReviewPage || d.Jobs[0].Subject != "9" {
					t.Fatalf("%s: %+v, %v", shape, d, err)
				}
				var got Page
				if err := json.Unmarshal(d.Jobs[0].Args, &got); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", shape, diff)
				}
			}
		})
	}
	for _, live := range []string{"initialized", "started", "snapshotted", "published"} {
		if d, err := forgeEvent(t, `{"eventType":"avi:confluence:`+live+`:page","content":{"id":"9","subType":"live"}}`); err != nil || len(d.Jobs) != 1 {
			t.Errorf("%s leads to %+v, %v", live, d, err)
		}
	}
}

func TestForgeIssue(t *testing.T) {
	d, err := forgeEvent(t, forgeIssueBody)
	if err != nil || len(d.Jobs) != 1 || d.Jobs[0].Kind != work.SyncTicket {
		t.Fatalf("%+v, %v", d, err)
	}
	at := time.Date(2026, 11, 23, 12, 0, 5, 0, time.UTC)
	want := Issue{
		ID: "10007", Key: "SEC-7", Project: "SEC", Summary: "S", Status: "Done", StatusID: "3", Category: "done", Assignee: "712020:k", AssigneeName: "K",
		Updated: at, By: "712020:k", At: at, Event: "avi:jira:updated:issue",
		Steps: []threat.Step{{ID: 555, By: "712020:k", At: at, Category: "done", Changes: []threat.Change{
			{Field: threat.FieldStatus, From: "2", FromName: "Doing", To: "3", ToName: "Done"},
		}}},
	}
	var got Issue
	if err := json.Unmarshal(d.Jobs[0].Args, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	deleted, err := forgeEvent(t, strings.Replace(forgeIssueBody, "updated:issue", "deleted:issue", 1))
	if err != nil || !strings.Contains(string(deleted.Jobs[0].Args), `"deleted":true`) {
		t.Errorf("deleted: %s, %v", deleted.Jobs[0].Args, err)
	}
}

func TestForgeComment(t *testing.T) {
	const body = `{"eventType":"avi:jira:commented:issue","atlassianId":"712020:k","issue":{"id":"10007","key":"SEC-7"},
		"comment":{"id":"10100","author":{"accountId":"712020:k","accountType":"atlassian","displayName":"K"},
		"body":{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"/verify tried it"}]}]},
		"created":"2026-11-23T12:00:05.000+0000","updated":"2026-11-23T12:00:05.000+0000"}}`
	at := time.Date(2026, 11, 23, 12, 0, 5, 0, time.UTC)
	want := Comment{
		ID: "10100", Issue: "10007", Author: "712020:k", AuthorName: "K", AuthorType: "atlassian", Text: "/verify tried it",
		Created: at, Updated: at, By: "712020:k", At: at, Event: "avi:jira:commented:issue",
	}
	d, err := forgeEvent(t, body)
	if err != nil || len(d.Jobs) != 1 || d.Jobs[0].Kind != work.HeedComment || d.Jobs[0].Subject != "10007/10100" || d.Jobs[0].Lane != "10007" {
		t.Fatalf("%+v, %v", d, err)
	}
	var got Comment
	if err := json.Unmarshal(d.Jobs[0].Args, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	gone, err := forgeEvent(t, strings.Replace(body, "commented:issue", "deleted:comment", 1))
	if err != nil || gone.Key == d.Key || gone.Jobs[0].Subject == d.Jobs[0].Subject || !strings.Contains(string(gone.Jobs[0].Args), `"deleted":true`) {
		t.Errorf("deleted: %+v, %v", gone, err)
	}
}

// TestForgeKeys: the same event has the same key however it is wrapped and however often it is sent; another one has another.
func TestForgeKeys(t *testing.T) {
	page := func(event, version, date string) string {
		return `{"eventType":"avi:confluence:` + event + `:page","eventCreatedDate":"` + date + `","content":{"id":"9","version":{"number":` + version + `}}}`
	}
	const noon, later = "2026-11-23T12:00:00.000Z", "2026-11-23T12:05:00.000Z"
	first := page("updated", "3", noon)
	tests := []struct {
		name, a, b string
		same       bool
	}{
		{"wrapped", first, `{"payload":` + first + `}`, true},
		{"sent again", first, strings.Replace(first, `{`, `{"retryContext":{"retryCount":1},`, 1), true},
		{"wrapped and sent again, undated", `{"payload":{"eventType":"avi:confluence:moved:page","content":{"id":"9"}}}`, `{"retryContext":{"retryCount":1},"payload":{"eventType":"avi:confluence:moved:page","content":{"id":"9"}}}`, true},
		{"the next version", first, page("updated", "4", noon), false},
		{"another event", first, page("moved", "3", noon), false},
		{"trashed twice in one version", page("trashed", "3", noon), page("trashed", "3", later), false},
		{"an issue, sent again", forgeIssueBody, `{"payload":` + forgeIssueBody + `,"retryContext":{"retryCount":3}}`, true},
		{"another change of the issue", forgeIssueBody, strings.Replace(forgeIssueBody, `"555"`, `"556"`, 1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, errA := forgeEvent(t, tt.a)
			b, errB := forgeEvent(t, tt.b)
			if errA != nil || errB != nil || (a.Key == b.Key) != tt.same || a.Key == "" {
				t.Errorf("keys %q and %q, %v, %v", a.Key, b.Key, errA, errB)
			}
		})
	}
	env, _ := Open([]byte(first))
	other, err := Forge(ForgeEvent{Installation: "another", Seen: forgeSeen, Body: []byte(first)}, env)
	if mine, _ := forgeEvent(t, first); err != nil || other.Key == mine.Key {
		t.Errorf("two installations share the key %q, %v", other.Key, err)
	}
}

func TestForgeEnvelope(t *testing.T) {
	env, err := Open([]byte(`{"payload":{"eventType":"avi:jira:created:issue","retryContext":{"retryCount":2,"retryReason":"TIMEOUT_ERROR","retryData":null}}}`))
	if err != nil || env.Type != "avi:jira:created:issue" || env.Retry != 2 || env.Reason != "TIMEOUT_ERROR" || env.Product() != tenant.Jira {
		t.Errorf("%+v, %v", env, err)
	}
	for _, bad := range []string{"", "[]x", "7e", `{"eventType":`} {
		if _, err := Open([]byte(bad)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, want Invalid", bad, err)
		}
	}
}

func FuzzForge(f *testing.F) {
	f.Add([]byte(forgeIssueBody))
	f.Add([]byte(`{"payload":{"eventType":"avi:confluence:updated:page","content":{"id":"9","version":{"number":3,"by":{"accountId":"b"}}}}}`))
	f.Add([]byte(`{"eventType":"avi:confluence:trashed:page","eventCreatedDate":1795435200000,"content":{"id":9}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		env, err := Open(body)
		if err != nil {
			return
		}
		d, err := Forge(ForgeEvent{Installation: "inst", Seen: forgeSeen, Body: body}, env)
		if err != nil {
			return
		}
		if d.Key == "" || len(d.Key) > 500 {
			t.Errorf("key %q", d.Key)
		}
		for _, j := range d.Jobs {
			if j.Kind == work.ReviewPage && !id(j.Subject).valid() || j.RunAt.IsZero() || j.Occurred.IsZero() {
				t.Errorf("job %+v", j)
			}
		}
	})
}
