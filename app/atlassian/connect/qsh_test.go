package connect_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/connect"
	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/tenant"
)

type vectors struct {
	Secret string
	Tests  []struct{ Name, CanonicalURL, SignedURL string }
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	raw, err := os.ReadFile(contracttest.Path(t, "contracts", "qsh", "jwt-signed-urls.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Tests) != 78 {
		t.Fatalf("%d vectors, want 78", len(v.Tests))
	}
	return v
}

// Inbound: the canonical form of what Atlassian signed is the one that it states, and its hash the one in its token.
func TestVectorsInbound(t *testing.T) {
	v := readVectors(t)
	for _, tt := range v.Tests {
		t.Run(tt.Name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimPrefix(tt.SignedURL, "https://example.com"), nil)
			if diff := cmp.Diff(tt.CanonicalURL, connect.Canonical(r.Method, r.URL, "")); diff != "" {
				t.Errorf("canonical form (-want +got):\n%s", diff)
			}
			var claims struct {
				jwt.RegisteredClaims
				QSH string `json:"qsh"`
			}
			_, err := jwt.NewParser(jwt.WithoutClaimsValidation()).ParseWithClaims(r.URL.Query().Get("jwt"), &claims,
				func(*jwt.Token) (any, error) { return []byte(v.Secret), nil })
			if err != nil {
				t.Fatal(err)
			}
			if got := connect.QSH(r.Method, r.URL, ""); got != claims.QSH {
				t.Errorf("hash %s, the token has %s", got, claims.QSH)
			}
		})
	}
}

// Outbound: a request that Go's own client sends for the same parameters is signed with the hash of the same canonical form, also
// below a context path.
func TestVectorsOutbound(t *testing.T) {
	v := readVectors(t)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, tt := range v.Tests {
		t.Run(tt.Name, func(t *testing.T) {
			u, err := url.Parse(tt.SignedURL)
			if err != nil {
				t.Fatal(err)
			}
			query := u.Query()
			query.Del("jwt")
			u.RawQuery = query.Encode()
			wiki, err := url.Parse(u.Scheme + "://" + u.Host + "/wiki" + u.EscapedPath() + "?" + u.RawQuery)
			if err != nil {
				t.Fatal(err)
			}
			for base, u := range map[string]*url.URL{"https://example.com": u, "https://example.com/wiki": wiki} {
				signer := connect.NewSigners(tenant.Installation{
					AppKey: "throughline-confluence", BaseURL: base, Secret: tenant.NewSecret(v.Secret),
				}, func() time.Time { return now }, nil)[0]
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := signer.Sign(req); err != nil {
					t.Fatal(err)
				}
				claims := jwt.MapClaims{}
				_, err = jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(func() time.Time { return now })).
					ParseWithClaims(strings.TrimPrefix(req.Header.Get("Authorization"), "JWT "), claims,
						func(*jwt.Token) (any, error) { return []byte(v.Secret), nil })
				if err != nil {
					t.Fatal(err)
				}
				want := jwt.MapClaims{
					"iss": "throughline-confluence", "iat": float64(now.Unix()), "exp": float64(now.Unix() + 120),
					"qsh": hash(tt.CanonicalURL),
				}
				if diff := cmp.Diff(want, claims); diff != "" {
					t.Errorf("claims at %s (-want +got):\n%s", base, diff)
				}
			}
		})
	}
}

func TestCanonical(t *testing.T) {
	tests := []struct {
		name, method, url, base, want string
	}{
		{"method in upper case", "post", "/a", "", "POST&/a&"},
		{"base path is stripped", "GET", "/wiki/rest/api", "/wiki", "GET&/rest/api&"},
		{"base path with slash", "GET", "/wiki/rest/api", "/wiki/", "GET&/rest/api&"},
		{"base path alone", "GET", "/wiki", "/wiki", "GET&/&"},
		{"only whole segments of the base path", "GET", "/wikipedia/a", "/wiki", "GET&/wikipedia/a&"},
		{"base path absent, a proxy took it", "GET", "/connect/installed", "/app", "GET&/connect/installed&"},
		{"root", "GET", "/", "", "GET&/&"},
		{"one trailing slash goes", "GET", "/a//", "", "GET&/a/&"},
		{"encoded path stays encoded", "GET", "/a%2Fb%20c", "", "GET&/a%2Fb%20c&"},
		{"token and empty pairs go", "GET", "/a?&&jwt=x.y.z&b=1&", "", "GET&/a&b=1"},
		{"key without value", "GET", "/a?b", "", "GET&/a&b="},
		{"wrong encoding stands for itself", "GET", "/a?b=%zz", "", "GET&/a&b=%25zz"},
		{"semicolon separates nothing", "GET", "/a?b=1;c=2", "", "GET&/a&b=1%3Bc%3D2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := url.Parse("https://example.com" + tt.url)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, connect.Canonical(tt.method, u, tt.base)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// However a query is written, each of its parameters is in the canonical form, and nothing in it can look like a separator.
func FuzzCanonical(f *testing.F) {
	f.Add("/test/", "a=1&a=2&b=%2C")
	f.Add("//", "%zz&jwt=1&=&&+")
	f.Fuzz(func(t *testing.T, path, query string) {
		u := &url.URL{Scheme: "https", Host: "example.com", Path: path, RawQuery: query}
		got := connect.Canonical("GET", u, "/wiki")
		if strings.Count(got, "&") < 2 || !strings.HasPrefix(got, "GET&/") {
			t.Fatalf("Canonical(%q, %q) = %q", path, query, got)
		}
		rest := got[strings.Index(got[4:], "&")+5:]
		for _, c := range []byte(rest) {
			if !strings.ContainsRune("&=,%-._~", rune(c)) && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
				t.Fatalf("Canonical(%q, %q) = %q: %q is not encoded", path, query, got, c)
			}
		}
	})
}
