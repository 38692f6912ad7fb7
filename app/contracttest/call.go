package contracttest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// API is a published OpenAPI description, cut down to the paths in use and with its server's URL replaced; doc keeps its own.
func API(t testing.TB, doc *openapi3.T, server string, paths ...string) routers.Router {
	t.Helper()
	cut := *doc
	cut.Servers, cut.Paths = openapi3.Servers{{URL: server}}, openapi3.NewPaths()
	for _, path := range paths {
		item := doc.Paths.Value(path)
		if item == nil {
			t.Fatalf("the contract has no path %s", path)
		}
		cut.Paths.Set(path, item)
	}
	router, err := gorillamux.NewRouter(&cut)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// Load reads a description from the contracts.
func Load(t testing.TB, file string) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(Path(t, "contracts", file))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// AllowZonesWithoutColon lets times be as Jira writes them, which its description's format forbids. It holds for the whole process.
func AllowZonesWithoutColon() {
	openapi3.DefineStringFormatValidator("date-time", openapi3.NewRegexpFormatValidator(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$`))
}

// Call is a request that was made and its answer, with both bodies.
type Call struct {
	Request  *http.Request
	Sent     []byte
	Response *http.Response
	Got      []byte
}

// Check holds a call against a contract: what was accepted is what the contract lets through, and the answer is one that it
// describes. It returns the operation; nil when the contract has none for the request.
func Check(t testing.TB, api routers.Router, c Call) *routers.Route {
	t.Helper()
	req := c.Request.Clone(context.Background())
	req.Body = io.NopCloser(bytes.NewReader(c.Sent))
	route, params, err := api.FindRoute(req)
	if err != nil {
		return nil
	}
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true},
	}
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil && c.Response.StatusCode < 300 {
		t.Errorf("%s %s was accepted though the contract forbids it: %v", req.Method, req.URL, err)
	}
	if c.Response.StatusCode == http.StatusNoContent { // a document may give it a body, which HTTP forbids
		if len(c.Got) > 0 || route.Operation.Responses.Status(http.StatusNoContent) == nil {
			t.Errorf("%s %s: 204 is not documented, or has a body", req.Method, req.URL)
		}
		return route
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: c.Response.StatusCode, Header: c.Response.Header, Options: in.Options}
	out.SetBodyBytes(c.Got)
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		t.Errorf("%s %s: the answer breaks the contract: %v", req.Method, req.URL, err)
	}
	return route
}

// Transport makes calls and checks them.
type Transport struct {
	T     testing.TB
	API   routers.Router
	Path  func(string) string // the path under which the contract knows a request's; nil when it is the same
	Calls map[string]int      // counted by method and the contract's path, unless nil
}

// RoundTrip implements http.RoundTripper.
func (c Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(got))
	known := r.Clone(context.Background())
	if c.Path != nil {
		known.URL.Path = c.Path(r.URL.Path)
	}
	switch route := Check(c.T, c.API, Call{known, sent, resp, got}); {
	case route == nil:
		c.T.Errorf("%s %s is in no contract", r.Method, r.URL)
	case c.Calls != nil:
		c.Calls[r.Method+" "+route.Path]++
	}
	return resp, nil
}
