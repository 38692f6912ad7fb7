package connect

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/atlassian/inbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

const (
	leeway     = time.Minute   // between Atlassian's clock and ours
	lifetime   = time.Hour     // the longest that a token may live; Atlassian's live minutes
	maxToken   = 8 << 10       // bytes
	contextQSH = "context-qsh" // instead of a hash: the token is for any request of a page that the site shows
)

// Caller is who sent a request, as its token proves.
type Caller struct {
	Tenant       tenant.Tenant
	Installation tenant.Installation
	Account      string // account id of the person, empty when the site itself speaks
}

// Request verifies a request that was signed for itself alone with the installation's secret, as webhooks and page loads are.
// fault.Unverified when it does not prove who it is from; any other kind means that the store could not tell.
func (d *Door) Request(r *http.Request, product tenant.Product) (Caller, error) {
	return d.caller(r.Context(), r, product, QSH(r.Method, r.URL, d.basePath))
}

// Context verifies a request that carries a context token: one that a page inside the site got for whoever looks at it, and that
// is not bound to a request. Use it only for routes that such pages call, never where Request fits.
func (d *Door) Context(r *http.Request, product tenant.Product) (Caller, error) {
	return d.caller(r.Context(), r, product, contextQSH)
}

func (d *Door) caller(ctx context.Context, r *http.Request, product tenant.Product, qsh string) (Caller, error) {
	token, err := bearer(r)
	if err != nil {
		return Caller{}, err
	}
	var (
		out   Caller
		c     claims
		store error // of the registry: not the token's fault
	)
	parsed, err := d.symmetric.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		if err := header(t); err != nil {
			return nil, err
		}
		clientKey := c.Issuer
		if qsh == contextQSH && c.Issuer == d.appKey(product) && len(c.Audience) == 1 {
			clientKey = c.Audience[0] // a session token: the app is its issuer, the site its audience
		}
		if clientKey == "" || len(clientKey) > 255 {
			return nil, inbound.Refusal("issuer")
		}
		var err error
		out.Tenant, out.Installation, err = d.registry.ByClientKey(ctx, clientKey)
		switch in := out.Installation; {
		case fault.Is(err, fault.NotFound):
			return nil, inbound.Refusal("issuer")
		case err != nil:
			store = err
			return nil, err
		case !in.Live() || in.Product != product || in.ClientKey != clientKey || in.Secret.Empty():
			return nil, inbound.Refusal("issuer")
		}
		return keysOf(out.Installation.Secrets(d.now())), nil
	})
	if store != nil {
		return Caller{}, fault.Wrap(store, "look up the installation")
	}
	if err != nil {
		return Caller{}, inbound.Refused(err)
	}
	if err := d.fresh(&c); err != nil {
		return Caller{}, err
	}
	if c.QSH != qsh {
		return Caller{}, inbound.Refusal("qsh")
	}
	if len(out.Installation.Former) > 0 {
		// What the site signs with it holds: the secrets before it are forgotten before anything is done for the caller.
		if err := d.registry.Confirm(ctx, out.Installation.ClientKey, signedBy(parsed, out.Installation.Secrets(d.now()))); err != nil {
			return Caller{}, fault.As(fault.Busy, err, "note which secret %s of %s holds", product, out.Tenant.ID)
		}
	}
	out.Account = c.Subject
	return out, nil
}

// keysOf are the secrets as the parser takes them.
func keysOf(secrets []tenant.Secret) any {
	if len(secrets) == 1 {
		return []byte(secrets[0].Reveal())
	}
	var set jwt.VerificationKeySet
	for _, s := range secrets {
		set.Keys = append(set.Keys, []byte(s.Reveal()))
	}
	return set
}

// signedBy is the secret that a token, which was verified by one of them, was signed with.
func signedBy(t *jwt.Token, secrets []tenant.Secret) tenant.Secret {
	text := t.Raw[:strings.LastIndexByte(t.Raw, '.')]
	for _, s := range secrets {
		if t.Method.Verify(text, t.Signature, []byte(s.Reveal())) == nil {
			return s
		}
	}
	return tenant.Secret{}
}

// atlassian verifies a request that Atlassian itself signed, about an installation whose secret is not known or not to be
// trusted, and returns the clientKey that it speaks of. fault.Busy when Atlassian's key could not be fetched.
func (d *Door) atlassian(ctx context.Context, r *http.Request) (string, error) {
	token, err := bearer(r)
	if err != nil {
		return "", err
	}
	var (
		c     claims
		fetch error // of the key: not the token's fault
	)
	_, err = d.asymmetric.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		if err := header(t); err != nil {
			return nil, err
		}
		// What can be seen to be wrong without a key is not worth fetching one.
		if c.Issuer == "" || len(c.Issuer) > 255 {
			return nil, inbound.Refusal("issuer")
		}
		if len(c.Audience) != 1 || strings.TrimRight(c.Audience[0], "/") != d.baseURL {
			return nil, inbound.Refusal("audience")
		}
		if err := d.fresh(&c); err != nil {
			return nil, err
		}
		kid, _ := t.Header["kid"].(string)
		key, err := d.keys.Key(ctx, kid)
		if err != nil && !fault.Is(err, fault.Unverified) {
			fetch = err
		}
		return key, err
	})
	if fetch != nil {
		return "", fetch
	}
	if err != nil {
		return "", inbound.Refused(err)
	}
	if c.QSH != QSH(r.Method, r.URL, d.basePath) {
		return "", inbound.Refusal("qsh")
	}
	return c.Issuer, nil
}

// fresh checks what the parser does not: that the token says when it was made, and does not live too long. The parser has
// checked that it is not over, and was not made in the future.
func (d *Door) fresh(c *claims) error {
	switch now := d.now(); {
	case c.Expires == 0, c.Issued == 0:
		return inbound.Refusal("undated")
	case c.Expires.time().After(now.Add(lifetime + leeway)), c.Expires.time().Sub(c.Issued.time()) > lifetime+leeway:
		return inbound.Refusal("lifetime")
	}
	return nil
}

// bearer reads the token off the request: the header "Authorization: JWT …", else the parameter jwt, as pages in frames have it.
func bearer(r *http.Request) (string, error) {
	token := ""
	if h := r.Header["Authorization"]; len(h) > 0 {
		scheme, rest, _ := strings.Cut(h[0], " ")
		if len(h) > 1 || !strings.EqualFold(scheme, "JWT") {
			return "", inbound.Refusal("scheme")
		}
		token = strings.TrimSpace(rest)
	} else if strings.Contains(r.URL.RawQuery, "jwt=") {
		token = r.URL.Query().Get("jwt")
	}
	switch {
	case token == "":
		return "", inbound.Refusal("missing")
	case len(token) > maxToken:
		return "", inbound.Refusal("oversize")
	}
	return token, nil
}

// header refuses tokens that demand what is not understood (RFC 7515, section 4.1.11).
func header(t *jwt.Token) error {
	if _, ok := t.Header["crit"]; ok {
		return inbound.Refusal("critical header")
	}
	return nil
}
