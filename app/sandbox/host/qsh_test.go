package host_test

import (
	"encoding/json"
	"net/url"
	"os"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/sandbox/host"
)

func TestAtlassianVectors(t *testing.T) {
	raw, err := os.ReadFile(contracttest.Path(t, "contracts", "qsh", "jwt-signed-urls.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Secret string `json:"secret"`
		Tests  []struct {
			Name         string `json:"name"`
			CanonicalURL string `json:"canonicalUrl"`
			SignedURL    string `json:"signedUrl"`
		} `json:"tests"`
	}
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.Tests) != 78 {
		t.Errorf("got %d vectors, want 78", len(vectors.Tests))
	}
	for _, v := range vectors.Tests {
		t.Run(v.Name, func(t *testing.T) {
			u, err := url.Parse(v.SignedURL)
			if err != nil {
				t.Fatal(err)
			}
			base := u.Scheme + "://" + u.Host
			if diff := cmp.Diff(v.CanonicalURL, host.Canonical("get", u, base)); diff != "" {
				t.Errorf("canonical request (-want +got):\n%s", diff)
			}
			claims := jwt.MapClaims{}
			_, err = jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithoutClaimsValidation()).
				ParseWithClaims(u.Query().Get("jwt"), claims, func(*jwt.Token) (any, error) { return []byte(vectors.Secret), nil })
			if err != nil {
				t.Fatalf("the vector's own token: %v", err)
			}
			if got := host.QSH("GET", u, base); got != claims["qsh"] {
				t.Errorf("got hash %s, want %v", got, claims["qsh"])
			}
		})
	}
}

func TestCanonicalBelowABase(t *testing.T) {
	for _, tc := range []struct{ name, url, base, want string }{
		{"Confluence's context path", "http://127.0.0.1/wiki/api/v2/pages/1?b=2&a=1", "http://127.0.0.1/wiki", "GET&/api/v2/pages/1&a=1&b=2"},
		{"only whole segments", "http://127.0.0.1/wikipedia", "http://127.0.0.1/wiki", "GET&/wikipedia&"},
		{"the base itself", "http://127.0.0.1/wiki/", "http://127.0.0.1/wiki", "GET&/&"},
		{"encoded path stays", "http://127.0.0.1/a%2Fb%20c/", "http://127.0.0.1", "GET&/a%2Fb%20c&"},
		{"ampersand in the path", "http://127.0.0.1/a&b", "http://127.0.0.1/", "GET&/a%26b&"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			u, err := url.Parse(tc.url)
			if err != nil {
				t.Fatal(err)
			}
			if got := host.Canonical("GET", u, tc.base); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
