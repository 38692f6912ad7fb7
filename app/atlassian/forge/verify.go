package forge

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/atlassian/inbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

const (
	issuer   = "forge/invocation-token"
	apiHost  = "api.atlassian.com"
	leeway   = time.Minute     // between Atlassian's clock and ours
	lifetime = 5 * time.Minute // the longest that an invocation token may live; Atlassian's live 25 s
	maxToken = 16 << 10        // bytes
	maxID    = 200             // bytes of an identifier that is kept
)

// claims are those of an invocation token (FIT) that mean anything here.
type claims struct {
	jwt.RegisteredClaims
	App struct {
		ID             string `json:"id"`
		InstallationID string `json:"installationId"`
		APIBaseURL     string `json:"apiBaseUrl"`
		Installation   struct {
			ID       string `json:"id"`
			Contexts []struct {
				Name       string `json:"name"`
				APIBaseURL string `json:"apiBaseUrl"`
			} `json:"contexts"`
		} `json:"installation"`
	} `json:"app"`
	Context struct {
		SiteURL string `json:"siteUrl"`
	} `json:"context"` // calls from a page only; events have none
}

// caller is who sent a request, as its token proves.
type caller struct {
	installation string                    // ARI
	cloudID      string                    // of the site
	siteURL      string                    // of the site; empty when the token did not say
	bases        map[tenant.Product]string // base URLs for calls, of every product that the installation spans
	tokenID      string
}

// clientKey names the installation in one product.
func (c caller) clientKey(p tenant.Product) string { return c.installation + "/" + string(p) }

// verify finds out who sent a request. fault.Unverified when it does not prove it, fault.Busy when the keys could not be fetched.
// What a body says about who it is from is never asked.
func (d *Door) verify(ctx context.Context, r *http.Request) (caller, error) {
	raw, err := bearer(r)
	if err != nil {
		return caller{}, err
	}
	var c claims
	var fetch error // of the keys: not the token's fault
	_, err = d.parser.ParseWithClaims(raw, &c, func(t *jwt.Token) (any, error) {
		if _, ok := t.Header["crit"]; ok {
			return nil, inbound.Refusal("critical header") // RFC 7515, section 4.1.11
		}
		key, err := d.keys.key(ctx, t)
		if err != nil && !fault.Is(err, fault.Unverified) {
			fetch = err
		}
		return key, err
	})
	if fetch != nil {
		return caller{}, fetch
	}
	if err != nil {
		return caller{}, inbound.Refused(err)
	}
	switch now := d.now(); {
	case c.IssuedAt == nil:
		return caller{}, inbound.Refusal("undated")
	case c.ExpiresAt.After(now.Add(lifetime + leeway)), c.ExpiresAt.Sub(c.IssuedAt.Time) > lifetime:
		return caller{}, inbound.Refusal("lifetime")
	case c.ID == "" || len(c.ID) > maxID:
		return caller{}, inbound.Refusal("token id")
	case c.App.ID != d.appID:
		return caller{}, inbound.Refusal("app")
	}
	return d.caller(&c)
}

// caller reads the installation off a token that is genuine.
func (d *Door) caller(c *claims) (caller, error) {
	out := caller{installation: c.App.InstallationID, tokenID: c.ID, bases: map[tenant.Product]string{}}
	if !strings.HasPrefix(out.installation, "ari:cloud:ecosystem::installation/") || len(out.installation) > maxID {
		return caller{}, inbound.Refusal("installation")
	}
	if id := c.App.Installation.ID; id != "" && id != out.installation {
		return caller{}, inbound.Refusal("installation")
	}
	product, cloudID, base, err := d.place(c.App.APIBaseURL)
	if err != nil {
		return caller{}, err
	}
	out.cloudID, out.bases[product] = cloudID, base
	for _, other := range c.App.Installation.Contexts {
		if name := tenant.Product(other.Name); name != tenant.Jira && name != tenant.Confluence {
			continue
		}
		product, id, base, err := d.place(other.APIBaseURL)
		if err != nil {
			return caller{}, err
		}
		if id != cloudID {
			return caller{}, inbound.Refusal("another site")
		}
		out.bases[product] = base
	}
	if u, err := url.Parse(c.Context.SiteURL); err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil {
		out.siteURL = "https://" + strings.ToLower(u.Host)
	}
	return out, nil
}

// cloudShape is what the id of a site may look like before it becomes part of a URL: Atlassian's are UUIDs.
var cloudShape = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z-]{0,63}$`)

// place reads "https://api.atlassian.com/ex/confluence/<cloudId>". The app will send credentials there, so that the host is pinned
// although the token is genuine; with Dev a loopback host will do.
func (d *Door) place(api string) (product tenant.Product, cloudID, base string, err error) {
	u, err := url.Parse(api)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return "", "", "", inbound.Refusal("API address")
	}
	genuine := u.Scheme == "https" && u.Host == apiHost
	local := d.dev && (u.Scheme == "http" || u.Scheme == "https") && loopback(u.Hostname())
	name, id, _ := strings.Cut(strings.TrimPrefix(u.EscapedPath(), "/ex/"), "/")
	product = tenant.Product(name)
	if !genuine && !local || !strings.HasPrefix(u.Path, "/ex/") || !cloudShape.MatchString(id) {
		return "", "", "", inbound.Refusal("API address")
	}
	base = u.Scheme + "://" + u.Host + "/ex/" + name + "/" + id
	switch product {
	case tenant.Jira:
		return product, id, base, nil
	case tenant.Confluence:
		return product, id, base + "/wiki", nil
	}
	return "", "", "", inbound.Refusal("product")
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// bearer reads the invocation token off the request.
func bearer(r *http.Request) (string, error) {
	h := r.Header["Authorization"]
	if len(h) == 0 {
		return "", inbound.Refusal("missing")
	}
	scheme, token, _ := strings.Cut(h[0], " ")
	token = strings.TrimSpace(token)
	switch {
	case len(h) > 1 || !strings.EqualFold(scheme, "Bearer"):
		return "", inbound.Refusal("scheme")
	case token == "":
		return "", inbound.Refusal("missing")
	case len(token) > maxToken:
		return "", inbound.Refusal("oversize")
	}
	return token, nil
}
