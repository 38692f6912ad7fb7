package connect_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/atlassian/connect"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// FuzzToken: whatever stands for a token, in the header or the URL, nobody gets in by it and nothing panics.
func FuzzToken(f *testing.F) {
	store := newRegistry()
	_, err := store.Install(f.Context(), "acme.atlassian.net", tenant.Installation{
		Product: tenant.Confluence, ClientKey: clientKey, Secret: tenant.NewSecret(secret),
	})
	if err != nil {
		f.Fatal(err)
	}
	door := connect.New(connect.Options{
		Registry: store, BaseURL: appURL, AppKey: func(tenant.Product) string { return "throughline-confluence" },
		Keys: connect.NewKeys(connect.KeyOptions{URLs: []string{"http://127.0.0.1:1"}}),
	})
	other, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": clientKey, "exp": 1 << 33}).SignedString([]byte("another secret"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("JWT "+other, "")
	f.Add("", "jwt="+other)
	f.Add("JWT eyJhbGciOiJub25lIn0.e30.", "a=%zz&jwt=&jwt=x")
	f.Add("Bearer x", ";;jwt=.&")
	f.Fuzz(func(t *testing.T, header, query string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, hookPath, nil)
		r.URL.RawQuery = query
		if header != "" {
			r.Header["Authorization"] = []string{header}
		}
		for _, verify := range []func(*http.Request, tenant.Product) (connect.Caller, error){door.Request, door.Context} {
			if _, err := verify(r, tenant.Confluence); !fault.Is(err, fault.Unverified) {
				t.Fatalf("%q, %q: %v", header, query, err)
			}
		}
	})
}
