package confluence_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/fault"
)

// TestVersions reads many pages at once, by a call that the published description knows.
func TestVersions(t *testing.T) {
	_, base := site(t, exchange{
		"GET", "/wiki/api/v2/pages?id=1&id=2&id=3&limit=250&status=current", "", 200,
		`{"results":[{"id":"1","status":"current","version":{"number":4}},{"id":"3","status":"current","version":{"number":1}}],"_links":{"base":"BASE"}}`,
	})
	c := confluence.New(base, &http.Client{Transport: contracttest.Transport{T: t, API: contracttest.API(t, contracttest.Load(t, "confluence-cloud-v2.openapi.json"), base+"/api/v2", "/pages")}})
	got, err := c.Versions(t.Context(), []string{"1", "2", "3"})
	if diff := cmp.Diff(map[string]int{"1": 4, "3": 1}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if none, err := c.Versions(t.Context(), nil); err != nil || none != nil {
		t.Errorf("%+v, %v", none, err)
	}
	if _, err := c.Versions(t.Context(), make([]string, confluence.MaxPages+1)); !fault.Is(err, fault.Invalid) {
		t.Errorf("too many: %v", err)
	}
}

// TestAccess reads what an account may do.
func TestAccess(t *testing.T) {
	_, base := site(
		t,
		exchange{"GET", "/wiki/rest/api/user/current", "", 200, `{"type":"known","accountId":"5b10","accountType":"atlassian","email":"","publicName":"Kim","displayName":"Kim","profilePicture":{"path":"/x","width":48,"height":48,"isDefault":true}}`},
		exchange{
			"POST", "/wiki/rest/api/content/98765/permission/check", `{"subject":{"type":"user","identifier":"5b10"},"operation":"update"}`, 200,
			`{"hasPermission":true,"errors":[]}`,
		},
	)
	spec := contracttest.API(t, contracttest.Load(t, "confluence-cloud-v1.openapi.yml"), base[:len(base)-len("/wiki")], "/wiki/rest/api/user/current", "/wiki/rest/api/content/{id}/permission/check")
	c := confluence.New(base, &http.Client{Transport: contracttest.Transport{T: t, API: spec}})
	me, err := c.Myself(t.Context())
	if err != nil || me != (confluence.Person{AccountID: "5b10", Name: "Kim"}) {
		t.Errorf("%+v, %v", me, err)
	}
	if may, err := c.MayEdit(t.Context(), "98765", "5b10"); err != nil || !may {
		t.Errorf("%v, %v", may, err)
	}
}
