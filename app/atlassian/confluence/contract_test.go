package confluence_test

import (
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/contracttest"
)

// mend rights a slip of the document: neither form of a page's body says what sets it apart, so a body is always both, where it may be
// one only.
func mend(doc *openapi3.T) *openapi3.T {
	body := doc.Paths.Value("/pages/{id}").Put.RequestBody.Value.Content["application/json"].Schema.Value.Properties["body"].Value
	body.AnyOf, body.OneOf = body.OneOf, nil
	return doc
}

// TestContractV2 holds requests against Atlassian's published description, and this test's answers with them: what the client is
// tested to read is what the site is documented to say.
func TestContractV2(t *testing.T) {
	_, base := site(
		t,
		exchange{"GET", pageTarget, "", 200, page},
		exchange{
			"PUT", "/wiki/api/v2/pages/98765",
			`{"id":"98765","status":"current","title":"Payments","body":{"representation":"storage","value":"<p/>"},"version":{"number":5,"message":"m"}}`, 200, page,
		},
		exchange{"GET", "/wiki/api/v2/spaces/65540", "", 200, `{"id":"65540","key":"SEC","name":"Security","type":"global","status":"current","homepageId":"65541","_links":{"webui":"/spaces/SEC","base":"BASE"}}`},
	)
	api := contracttest.API(t, mend(contracttest.Load(t, "confluence-cloud-v2.openapi.json")), base+"/api/v2", "/pages/{id}", "/spaces/{id}")
	c := confluence.New(base, &http.Client{Transport: contracttest.Transport{T: t, API: api}})
	if _, err := c.Page(t.Context(), "98765"); err != nil {
		t.Error(err)
	}
	if _, err := c.Update(t.Context(), confluence.Update{Page: "98765", Title: "Payments", Body: "<p/>", Version: 5, Message: "m"}); err != nil {
		t.Error(err)
	}
	if _, err := c.Space(t.Context(), "65540"); err != nil {
		t.Error(err)
	}
}

func TestContractV1(t *testing.T) {
	_, base := site(t, exchange{
		"GET", "/wiki/rest/api/search?cql=type+%3D+page&expand=content.version%2Ccontent.space&limit=100", "", 200,
		`{"results":[{"content":{"id":"1","type":"page","status":"current","title":"A"},"title":"A","excerpt":"","url":"/spaces/SEC/pages/1","breadcrumbs":[],
			"entityType":"content","iconCssClass":"","lastModified":"2026-11-23T13:00:00.000+01:00","friendlyLastModified":"today","score":0}],
			"start":0,"limit":100,"size":1,"totalSize":1,"cqlQuery":"type = page","searchDuration":3,"_links":{"base":"BASE","context":"/wiki"}}`,
	})
	api := contracttest.API(t, contracttest.Load(t, "confluence-cloud-v1.openapi.yml"), base[:len(base)-len("/wiki")], "/wiki/rest/api/search")
	c := confluence.New(base, &http.Client{Transport: contracttest.Transport{T: t, API: api}})
	if err := c.Search(t.Context(), "type = page", func(confluence.Hit) bool { return true }); err != nil {
		t.Error(err)
	}
}
