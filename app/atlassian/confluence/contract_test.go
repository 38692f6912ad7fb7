package confluence_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/contracttest"
)

// contract is a transport that holds requests against Atlassian's published description, and this test's answers with them: what the
// client is tested to read is what the site is documented to say.
type contract struct {
	t    *testing.T
	spec *openapi3.T
}

// load reads a description and keeps the paths in use, with the site's own URL for server.
func load(t *testing.T, file, server string, paths ...string) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(contracttest.Path(t, "contracts", file))
	if err != nil {
		t.Fatal(err)
	}
	used := openapi3.NewPaths()
	for _, p := range paths {
		item := doc.Paths.Value(p)
		if item == nil {
			t.Fatalf("%s has no path %s", file, p)
		}
		used.Set(p, item)
	}
	doc.Paths, doc.Servers = used, openapi3.Servers{{URL: server}}
	return doc
}

func (c contract) RoundTrip(req *http.Request) (*http.Response, error) {
	router, err := gorillamux.NewRouter(c.spec)
	if err != nil {
		return nil, err
	}
	var sent []byte
	if req.Body != nil {
		if sent, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(got))
	again := req.Clone(context.Background())
	again.Body = io.NopCloser(bytes.NewReader(sent))
	route, params, err := router.FindRoute(again)
	if err != nil {
		c.t.Errorf("%s %s is not documented: %v", req.Method, req.URL, err)
		return resp, nil
	}
	in := &openapi3filter.RequestValidationInput{
		Request: again, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true},
	}
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
		c.t.Errorf("%s %s: the request breaks the contract: %v", req.Method, req.URL, err)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Options: in.Options}
	out.SetBodyBytes(got)
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		c.t.Errorf("%s %s: this test's answer breaks the contract: %v", req.Method, req.URL, err)
	}
	return resp, nil
}

// mend rights a slip of the document: neither form of a page's body says what sets it apart, so a body is always both, where it may be
// one only.
func mend(doc *openapi3.T) *openapi3.T {
	body := doc.Paths.Value("/pages/{id}").Put.RequestBody.Value.Content["application/json"].Schema.Value.Properties["body"].Value
	body.AnyOf, body.OneOf = body.OneOf, nil
	return doc
}

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
	c := confluence.New(base, &http.Client{Transport: contract{t, mend(load(t, "confluence-cloud-v2.openapi.json", base+"/api/v2", "/pages/{id}", "/spaces/{id}"))}})
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
	c := confluence.New(base, &http.Client{Transport: contract{t, load(t, "confluence-cloud-v1.openapi.yml", base[:len(base)-len("/wiki")], "/wiki/rest/api/search")}})
	if err := c.Search(t.Context(), "type = page", func(confluence.Hit) bool { return true }); err != nil {
		t.Error(err)
	}
}
