package confluence_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/fault"
)

// dcSite plays the exchanges below a context path, "/wiki" as it happens, and gives a client of Data Center for it.
func dcSite(t *testing.T, exchanges ...exchange) (*confluence.Client, string) {
	t.Helper()
	for i := range exchanges {
		exchanges[i].target = "/wiki" + exchanges[i].target
	}
	_, base := site(t, exchanges...)
	return confluence.NewDataCenter(base+"/", road(base)), base
}

const (
	dcKim    = `{"type":"known","username":"kim","userKey":"8a80819250f1","displayName":"Kim","_links":{}}`
	dcTarget = "/rest/api/content/98765?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cmetadata.labels%2Cancestors"
	dcPage   = `{"id":"98765","type":"page","status":"current","title":"Payments","space":{"id":65540,"key":"SEC","name":"Security"},
	"history":{"latest":true,"createdBy":` + dcKim + `,"createdDate":"2026-11-01T10:00:00.000+01:00"},"ancestors":[{"id":"1"},{"id":"65541"}],
	"version":{"by":{"type":"known","username":"ada","userKey":"8a80819250f2","displayName":"Ada"},"when":"2026-11-23T12:59:58.123+01:00","message":"wording","number":4,"minorEdit":true},
	"body":{"storage":{"value":"<p>x</p>","representation":"storage"}},"metadata":{"labels":{"results":[{"prefix":"global","name":"design","id":"7"}]}},
	"_links":{"webui":"/display/SEC/Payments","base":"BASE","context":"/wiki"}}`
)

func TestDataCenterPage(t *testing.T) {
	c, base := dcSite(
		t,
		exchange{"GET", dcTarget, "", 200, dcPage},
		exchange{"GET", dcTarget, "", 404, `{"statusCode":404,"data":{"authorized":false,"errors":[]},"message":"No content found with id: ContentId{id=98765}"}`},
	)
	got, err := c.Page(t.Context(), "98765")
	want := confluence.Page{
		ID: "98765", Title: "Payments", Status: "current", SpaceID: "65540", SpaceKey: "SEC", OwnerID: "kim", AuthorID: "kim", ParentID: "65541",
		Version: confluence.Version{Number: 4, At: time.Date(2026, 11, 23, 11, 59, 58, 123e6, time.UTC), By: "ada", Message: "wording", Minor: true},
		Labels:  []string{"design"}, Body: "<p>x</p>", URL: base + "/display/SEC/Payments",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
	if _, err := c.Page(t.Context(), "98765"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a page in the trash: %v", err)
	}
}

// TestDataCenterSearch follows the pages of results by start, and ends where they lead back.
func TestDataCenterSearch(t *testing.T) {
	const first, second = "/rest/api/content/search?cql=type%3Dpage&expand=version%2Cspace&limit=100", "/rest/api/content/search?cql=type%3Dpage&expand=version%2Cspace&limit=50&start=50"
	const next = `"_links":{"next":"/rest/api/content/search?expand=version%2Cspace&limit=50&start=50&cql=type%3Dpage","base":"BASE"}`
	hit := func(id string) string {
		return `{"id":"` + id + `","type":"page","status":"current","title":"T","space":{"key":"SEC"},"version":{"number":3,"when":"2026-11-23T12:00:00.000Z"}}`
	}
	c, _ := dcSite(
		t,
		exchange{"GET", first, "", 200, `{"results":[` + hit("1") + `],"start":0,"limit":50,"size":1,` + next + `}`},
		exchange{"GET", second, "", 200, `{"results":[` + hit("2") + `],"start":50,"limit":50,"size":1,` + next + `}`},
	)
	var got []confluence.Hit
	err := c.Search(t.Context(), "type=page", func(h confluence.Hit) bool { got = append(got, h); return true })
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	want := []confluence.Hit{
		{ID: "1", Type: "page", Title: "T", Status: "current", SpaceKey: "SEC", Version: 3, Modified: at},
		{ID: "2", Type: "page", Title: "T", Status: "current", SpaceKey: "SEC", Version: 3, Modified: at},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
}

func TestDataCenterVersions(t *testing.T) {
	c, _ := dcSite(t, exchange{
		"GET", "/rest/api/content/search?cql=id+in+%281%2C+2%29&expand=version&limit=100", "", 200,
		`{"results":[{"id":"1","status":"current","version":{"number":4}},{"id":"2","status":"trashed","version":{"number":4}}],"_links":{}}`,
	})
	got, err := c.Versions(t.Context(), []string{"1", "2"})
	if diff := cmp.Diff(map[string]int{"1": 4}, got); diff != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
	if _, err := c.Versions(t.Context(), []string{"1) or space = X or id in (2"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("what is no id was asked for: %v", err)
	}
}

// TestDataCenterUpdate writes by the one interface there is, minor or not, and nothing else is tried.
func TestDataCenterUpdate(t *testing.T) {
	body := func(minor string) string {
		return `{"type":"page","status":"current","title":"T","body":{"storage":{"representation":"storage","value":"<p/>"}},"version":{"number":5,"message":"m"` + minor + `}}`
	}
	c, _ := dcSite(
		t,
		exchange{"PUT", "/rest/api/content/98765", body(`,"minorEdit":true`), 200, `{"id":"98765","version":{"number":5}}`},
		exchange{"PUT", "/rest/api/content/98765", body(""), 409, `{"statusCode":409,"message":"Version must be incremented on update. Current version is: 5"}`},
		exchange{"PUT", "/rest/api/content/98765", body(`,"minorEdit":true`), 404, `{"statusCode":404,"message":"No content"}`},
	)
	u := confluence.Update{Page: "98765", Title: "T", Body: "<p/>", Version: 5, Message: "m", Minor: true}
	if n, err := c.Update(t.Context(), u); n != 5 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	loud := u
	loud.Minor = false
	if _, err := c.Update(t.Context(), loud); !fault.Is(err, fault.Conflict) {
		t.Errorf("an old version: %v", err)
	}
	if _, err := c.Update(t.Context(), u); !fault.Is(err, fault.NotFound) {
		t.Errorf("a page that is gone: %v", err)
	}
}

// TestDataCenterPeople tells mentions and accounts apart, as pages of all ages have them.
func TestDataCenterPeople(t *testing.T) {
	const none = `{"statusCode":404,"message":"No user found"}`
	c, _ := dcSite(
		t,
		exchange{"GET", "/rest/api/user/current", "", 200, dcKim},
		exchange{"GET", "/rest/api/user?key=8a80819250f1", "", 200, dcKim},
		exchange{"GET", "/rest/api/user?key=kim", "", 404, none},
		exchange{"GET", "/rest/api/user?username=kim", "", 200, dcKim},
		exchange{"GET", "/rest/api/user?key=gone", "", 404, none},
		exchange{"GET", "/rest/api/user?username=gone", "", 404, none},
		exchange{"GET", "/rest/api/user?username=kim", "", 200, dcKim},
		exchange{"GET", "/rest/api/user?username=gone", "", 404, none},
		exchange{"GET", "/rest/api/user?key=x", "", 403, `{"statusCode":403,"message":"no"}`},
	)
	if me, err := c.Myself(t.Context()); err != nil || me != (confluence.Person{AccountID: "kim", Name: "Kim"}) {
		t.Errorf("myself is %+v, %v", me, err)
	}
	if got, err := c.Account(t.Context(), "8a80819250f1"); got != "kim" || err != nil {
		t.Errorf("a mention by user key: %q, %v", got, err)
	}
	if got, err := c.Account(t.Context(), "kim"); got != "kim" || err != nil {
		t.Errorf("a mention by username: %q, %v", got, err)
	}
	if got, err := c.Account(t.Context(), "gone"); got != "" || err != nil {
		t.Errorf("nobody: %q, %v", got, err)
	}
	if got, err := c.Mention(t.Context(), "kim"); got != "8a80819250f1" || err != nil {
		t.Errorf("kim is mentioned as %q, %v", got, err)
	}
	if got, err := c.Mention(t.Context(), "gone"); got != "" || err != nil {
		t.Errorf("nobody is mentioned as %q, %v", got, err)
	}
	if got, err := c.Account(t.Context(), "x"); !fault.Is(err, fault.Denied) {
		t.Errorf("who may not look: %q, %v", got, err)
	}
}

func TestDataCenterMayEdit(t *testing.T) {
	tests := []struct {
		name, operations string
		want             bool
		unknown          bool
	}{
		{"an editor", `[{"operation":"read","targetType":"page"},{"operation":"update","targetType":"page"}]`, true, false},
		{"a reader", `[{"operation":"read","targetType":"page"}]`, false, false},
		{"a site that does not tell", `[]`, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dcSite(t, exchange{"GET", "/rest/api/content/98765?expand=operations", "", 200, `{"id":"98765","operations":` + tt.operations + `}`})
			got, err := c.MayEdit(t.Context(), "98765", "kim")
			if got != tt.want || (err != nil) != tt.unknown || err != nil && !strings.Contains(err.Error(), "does not tell") {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}
