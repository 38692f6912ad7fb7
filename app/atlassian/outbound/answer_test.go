package outbound_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// An answer over the limit is an error, never a shorter answer.
func TestLongAnswer(t *testing.T) {
	base, road, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", len(r.URL.Path)))
	}, func(o *outbound.Options) { o.MaxBody = 10 })
	for _, n := range []int{9, 10, 11, 100} {
		got, err := send(t.Context(), t, road.Client(acme(base), tenant.Jira, nil), http.MethodGet, base+"/"+strings.Repeat("a", n-1), "")
		if err != nil {
			t.Fatal(err)
		}
		if n <= 10 && (got.cut != nil || len(got.body) != n) || n > 10 && (!fault.Is(got.cut, fault.Invalid) || len(got.body) > 10) {
			t.Errorf("%d bytes: read %d, %v", n, len(got.body), got.cut)
		}
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name, method string
		status       int
		body         string
		want         fault.Kind
		text         string
		refusal      *outbound.Refusal
	}{
		{
			"jira's fields", "POST", 400, `{"errorMessages":[],"errors":{"summary":"You must specify a summary.","assignee":"User cannot be assigned."}}`, fault.Invalid,
			"POST /x: 400 Bad Request: assignee: User cannot be assigned.; summary: You must specify a summary.",
			&outbound.Refusal{Status: 400, Fields: map[string]string{"summary": "You must specify a summary.", "assignee": "User cannot be assigned."}},
		},
		{
			"jira's messages", "GET", 404, `{"errorMessages":["Issue does not exist or you do not have permission to see it."],"errors":{}}`, fault.NotFound,
			"GET /x: 404 Not Found: Issue does not exist or you do not have permission to see it.",
			&outbound.Refusal{Status: 404, Messages: []string{"Issue does not exist or you do not have permission to see it."}},
		},
		{
			"confluence v2", "PUT", 409, `{"errors":[{"status":409,"code":"CONFLICT","title":"Version must be incremented","detail":null}]}`, fault.Conflict,
			"PUT /x: 409 Conflict: Version must be incremented", &outbound.Refusal{Status: 409, Messages: []string{"Version must be incremented"}},
		},
		{
			"confluence v1", "GET", 400, `{"statusCode":400,"message":"Could not parse cql"}`, fault.Invalid,
			"GET /x: 400 Bad Request: Could not parse cql", &outbound.Refusal{Status: 400, Messages: []string{"Could not parse cql"}},
		},
		{"no JSON", "GET", 403, "<html>Forbidden</html>", fault.Denied, "GET /x: 403 Forbidden", &outbound.Refusal{Status: 403}},
		{
			"lines and escapes", "GET", 400, `{"message":"a\n\u001b[31mb\u202e` + strings.Repeat("c", 300) + `"}`, fault.Invalid,
			"GET /x: 400 Bad Request: a [31mb" + strings.Repeat("c", 193) + "…", &outbound.Refusal{Status: 400, Messages: []string{"a [31mb" + strings.Repeat("c", 192) + "…"}},
		},
		{"credentials", "GET", 401, "", fault.Unverified, "GET /x: 401 Unauthorized", &outbound.Refusal{Status: 401}},
		{"gone", "GET", 410, "", fault.Gone, "GET /x: 410 Gone", &outbound.Refusal{Status: 410}},
		{"too large", "PUT", 413, "", fault.Invalid, "PUT /x: 413 Request Entity Too Large", &outbound.Refusal{Status: 413}},
		{"read timed out", "GET", 408, "", fault.Busy, "GET /x: 408 Request Timeout", &outbound.Refusal{Status: 408}},
		{"write timed out", "PUT", 408, "", fault.Uncertain, "PUT /x: 408 Request Timeout", &outbound.Refusal{Status: 408}},
		{"write failed", "POST", 503, "", fault.Uncertain, "POST /x: 503 Service Unavailable", &outbound.Refusal{Status: 503}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := &http.Response{
				StatusCode: tt.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(tt.body)),
				Request: httptest.NewRequestWithContext(t.Context(), tt.method, "/x?secret=1", nil),
			}
			err := outbound.Check(resp)
			if fault.KindOf(err) != tt.want {
				t.Errorf("kind %s, want %s", fault.KindOf(err), tt.want)
			}
			var got *outbound.Refusal
			if !errors.As(err, &got) {
				t.Fatalf("no refusal in %v", err)
			}
			if diff := cmp.Diff(tt.refusal, got); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
			if !strings.HasPrefix(tt.name, "lines") && err.Error() != tt.text {
				t.Errorf("error %q, want %q", err, tt.text)
			}
		})
	}
	if err := outbound.Check(&http.Response{StatusCode: http.StatusNoContent}); err != nil {
		t.Errorf("204: %v", err)
	}
}

func TestUnread(t *testing.T) {
	tests := []struct {
		name   string
		method string
		mark   bool
		cause  error
		want   fault.Kind
	}{
		{"a read", http.MethodGet, false, io.ErrUnexpectedEOF, fault.Busy},
		{"a read that is too long", http.MethodGet, false, fault.New(fault.Invalid, "too long"), fault.Invalid},
		{"a write", http.MethodPost, false, io.ErrUnexpectedEOF, fault.Uncertain},
		{"a write whose answer is too long has happened all the same", http.MethodPost, false, fault.New(fault.Invalid, "too long"), fault.Uncertain},
		{"a search by POST", http.MethodPost, true, io.ErrUnexpectedEOF, fault.Busy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx := t.Context()
			if tt.mark {
				ctx = outbound.Repeatable(ctx)
			}
			req := httptest.NewRequestWithContext(ctx, tt.method, "https://acme.atlassian.net/rest", nil)
			if err := outbound.Unread(&http.Response{Request: req}, tt.cause); !fault.Is(err, tt.want) || !errors.Is(err, tt.cause) {
				t.Errorf("%v is %s, want %s", err, fault.KindOf(err), tt.want)
			}
		})
	}
}
