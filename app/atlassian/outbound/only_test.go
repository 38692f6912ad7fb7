package outbound_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// TestOnly holds the client for one address outside of Atlassian to just that address.
func TestOnly(t *testing.T) {
	asked := 0
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.Header.Get("Authorization") != "" {
			t.Error("somebody's credentials were sent along")
		}
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/stamps", http.StatusFound)
		}
	}))
	t.Cleanup(outside.Close)
	tests := []struct {
		name, address, call string
		dev                 bool
		status              int
		want                fault.Kind
		says                string
	}{
		{"the address", outside.URL + "/stamps", outside.URL + "/stamps", true, http.StatusOK, 0, ""},
		{"another path", outside.URL + "/stamps", outside.URL + "/else", true, 0, fault.Denied, "only the configured address"},
		{"another query", outside.URL + "/stamps", outside.URL + "/stamps?a=b", true, 0, fault.Denied, "only the configured address"},
		{"another host", outside.URL + "/stamps", "http://localhost/stamps", true, 0, fault.Denied, "only the configured address"},
		{"a redirect is not followed", outside.URL + "/moved", outside.URL + "/moved", true, http.StatusFound, 0, ""},
		{"no https", outside.URL + "/stamps", outside.URL + "/stamps", false, 0, fault.Denied, "not https"},
		{"an address inside", "https://127.0.0.1:1/stamps", "https://127.0.0.1:1/stamps", false, 0, 0, "not on the public internet"},
		{"the metadata service of a cloud", "https://169.254.169.254/stamps", "https://169.254.169.254/stamps", false, 0, 0, "not on the public internet"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := asked
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tt.call, strings.NewReader("question"))
			if err != nil {
				t.Fatal(err)
			}
			road := outbound.New(outbound.Options{Dev: tt.dev})
			resp, err := road.Only(tt.address).Do(req)
			if tt.status == 0 {
				if err == nil || tt.want != 0 && !fault.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) || asked != before {
					t.Errorf("%v, asked %d times; want kind %v and nothing sent", err, asked-before, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != tt.status || asked != before+1 || road.Spent().Points != 0 {
				t.Errorf("%s, asked %d times, %d points", resp.Status, asked-before, road.Spent().Points)
			}
		})
	}
}
