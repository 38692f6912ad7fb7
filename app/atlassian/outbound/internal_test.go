package outbound

import (
	"net/http"
	"net/netip"
	"testing"
	"time"
)

func TestPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"104.192.142.1": true, "2401:1d80:3000::1": true, "::ffff:104.192.142.1": true,
		"127.0.0.1": false, "127.8.8.8": false, "0.0.0.0": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:db8::1": false,
	} {
		if got := public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("public(%s) = %t", addr, got)
		}
	}
}

func TestTemplate(t *testing.T) {
	for path, want := range map[string]string{
		"/rest/api/2/issue/SEC-12":                               "/rest/api/2/issue/{id}",
		"/rest/api/2/issue/10040/remotelink":                     "/rest/api/2/issue/{id}/remotelink",
		"/rest/api/2/issue/bulk":                                 "/rest/api/2/issue/bulk",
		"/rest/api/3/search/jql":                                 "/rest/api/3/search/jql",
		"/rest/api/2/issue/SEC-12/properties/throughline.threat": "/rest/api/2/issue/{id}/properties/{name}",
		"/rest/api/2/project/SEC/components":                     "/rest/api/2/project/{name}/components",
		"/rest/api/2/user/assignable/search":                     "/rest/api/2/user/assignable/search",
		"/api/v2/pages/98765":                                    "/api/v2/pages/{id}",
		"/api/v2/spaces/1/properties":                            "/api/v2/spaces/{id}/properties",
		"/rest/api/search":                                       "/rest/api/search",
		"/rest/api/content/123/label":                            "/rest/api/content/{id}/label",
		"/":                                                      "/",
		"":                                                       "",
	} {
		if got := template(path); got != want {
			t.Errorf("template(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		header, value string
		want          time.Duration
	}{
		"seconds":          {"Retry-After", "12", 12 * time.Second},
		"fractions":        {"Retry-After", "1.5", 1500 * time.Millisecond},
		"a date":           {"Retry-After", "Mon, 23 Nov 2026 12:01:00 GMT", time.Minute},
		"a reset time":     {"X-RateLimit-Reset", "2026-11-23T12:02:00Z", 2 * time.Minute},
		"beta":             {"Beta-Retry-After", "3", 3 * time.Second},
		"past":             {"Retry-After", "Mon, 23 Nov 2026 11:00:00 GMT", time.Second},
		"zero":             {"Retry-After", "0", time.Second},
		"odd, far off":     {"X-RateLimit-Reset", "2036-11-23T12:02:00Z", time.Hour},
		"odd, a timestamp": {"X-RateLimit-Reset", "1795435200005", time.Hour},
		"negative":         {"Retry-After", "-1", 5 * time.Second},
		"nonsense":         {"Retry-After", "soon", 5 * time.Second},
		"nothing":          {"X-Other", "1", 5 * time.Second},
	} {
		h := http.Header{}
		h.Set(tt.header, tt.value)
		if got := retryAfter(h, now); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// TestWrites: what may be repeated is a write all the same, for which points are reserved; a search by POST is none.
func TestWrites(t *testing.T) {
	tests := []struct {
		method, template string
		write            bool
		price            int
	}{
		{http.MethodGet, "/rest/api/2/issue/{id}", false, 2},
		{http.MethodGet, "/rest/api/search", false, 101},
		{http.MethodPost, "/rest/api/3/search/jql", false, 101},
		{http.MethodPost, "/rest/api/3/issue/bulkfetch", false, 101},
		{http.MethodPost, "/rest/api/2/search", false, 101},
		{http.MethodGet, "/rest/api/2/user/assignable/search", false, 1},
		{http.MethodPost, "/rest/api/2/issue/bulk", true, 1},
		{http.MethodPost, "/rest/api/2/issue/{id}/remotelink", true, 1},
		{http.MethodPut, "/rest/api/content/{id}", true, 1},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.template, func(t *testing.T) {
			c := call{method: tt.method, template: tt.template, repeatable: true, write: writes(tt.method, tt.template), searches: searches(tt.template)}
			if c.write != tt.write || price(c) != tt.price {
				t.Errorf("write %t for %d points, want %t for %d", c.write, price(c), tt.write, tt.price)
			}
		})
	}
}
