package jira_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/fault"
)

// TestAccess reads what an account may do and many issues at once, by calls that the published description knows.
func TestAccess(t *testing.T) {
	_, base := site(
		t,
		exchange{"GET", "/rest/api/2/myself", "", 200, `{"accountId":"5b10","displayName":"Kim","active":true}`},
		exchange{
			"GET", "/rest/api/2/mypermissions?permissions=CREATE_ISSUES%2CLINK_ISSUES&projectKey=SEC", "", 200,
			`{"permissions":{"CREATE_ISSUES":{"id":"11","key":"CREATE_ISSUES","havePermission":true},"LINK_ISSUES":{"id":"21","key":"LINK_ISSUES","havePermission":false}}}`,
		},
		exchange{
			"GET", "/rest/api/2/issue/createmeta/SEC/issuetypes/10001?maxResults=200", "", 200,
			`{"fields":[{"fieldId":"duedate","key":"duedate","name":"Due date","required":true,"hasDefaultValue":false,"operations":["set"],"schema":{"type":"date"}}],"maxResults":200,"startAt":0,"total":1}`,
		},
		exchange{
			"POST", "/rest/api/2/issue/bulkfetch", `{"fields":["` + strings.ReplaceAll(issueFields, ",", `","`) + `"],"issueIdsOrKeys":["10040","7"]}`, 200,
			`{"issues":[` + sec12 + `],"issueErrors":[{"id":"7","errorMessage":"Issue does not exist or you do not have permission to see it."}]}`,
		},
	)
	contracttest.AllowZonesWithoutColon()
	doc := contracttest.Load(t, "jira-cloud-v3.openapi.json")
	// It allows for no fields without a value.
	doc.Components.Schemas["IssueBean"].Value.Properties["fields"].Value.AdditionalProperties.Schema.Value.Nullable = true
	spec := contracttest.API(t, doc, base, "/rest/api/3/myself", "/rest/api/3/mypermissions", "/rest/api/3/issue/bulkfetch",
		"/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}")
	c, err := jira.New(base, &http.Client{Transport: contracttest.Transport{T: t, API: spec, Path: v3}})
	if err != nil {
		t.Fatal(err)
	}
	me, err := c.Myself(t.Context())
	if err != nil || me.AccountID != "5b10" {
		t.Errorf("%+v, %v", me, err)
	}
	may, err := c.Permissions(t.Context(), "SEC", []string{"CREATE_ISSUES", "LINK_ISSUES"})
	if diff := cmp.Diff(map[string]bool{"CREATE_ISSUES": true, "LINK_ISSUES": false}, may); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	fields, err := c.CreateFields(t.Context(), "SEC", "10001")
	if diff := cmp.Diff([]jira.Field{{ID: "duedate", Name: "Due date", Required: true, Type: "date"}}, fields); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	issues, err := c.Issues(t.Context(), []string{"10040", "7"})
	if err != nil || len(issues) != 1 || issues[0].Key != "SEC-12" {
		t.Errorf("%+v, %v", issues, err)
	}
	if none, err := c.Issues(t.Context(), nil); err != nil || none != nil {
		t.Errorf("%+v, %v", none, err)
	}
	if _, err := c.Issues(t.Context(), make([]string, jira.MaxFetch+1)); !fault.Is(err, fault.Invalid) {
		t.Errorf("too many: %v", err)
	}
}
