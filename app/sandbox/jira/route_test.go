package jira

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/contracttest"
)

// The scopes that an app needs are those that Atlassian's document names, for every route that it has.
func TestScopesAreAtlassians(t *testing.T) {
	raw, err := os.ReadFile(contracttest.Path(t, "contracts", "jira-cloud-v3.openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	var j Jira
	for _, r := range append(j.table(), j.createMetaTable()...) {
		if r.path == "/search" { // removed since: it answers 410
			continue
		}
		var operation struct {
			Scope string `json:"x-atlassian-connect-scope"`
		}
		found, ok := doc.Paths["/rest/api/3"+r.path][strings.ToLower(r.method)]
		if !ok {
			t.Errorf("%s %s is in no contract", r.method, r.path)
			continue
		}
		if err := json.Unmarshal(found, &operation); err != nil {
			t.Fatal(err)
		}
		if operation.Scope != r.scope {
			t.Errorf("%s %s: got scope %s, want %s", r.method, r.path, r.scope, operation.Scope)
		}
	}
}
