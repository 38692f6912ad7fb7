package forge

import (
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

const (
	tokenHeader = "X-Forge-Oauth-System"
	reserve     = 30 * time.Second // a token with less left is not used: the call might outlive it
	worth       = time.Minute      // a token that is good for no longer than this more is not kept
)

// token is an access token for calls as the app. It is opaque except for the time it ends.
type token struct {
	secret tenant.Secret
	until  time.Time // UTC
}

// readToken reads the access token that came with a call; the zero value when none came, or none that says when it ends.
func readToken(r *http.Request) token {
	raw := strings.TrimSpace(r.Header.Get(tokenHeader))
	if raw == "" || len(raw) > maxToken {
		return token{}
	}
	var c jwt.RegisteredClaims
	// Unverified: it is not for us to verify, and its sender is known by the invocation token.
	if _, _, err := jwt.NewParser().ParseUnverified(raw, &c); err != nil || c.ExpiresAt == nil {
		return token{}
	}
	return token{tenant.NewSecret(raw), c.ExpiresAt.UTC()}
}

// Stale says why the app cannot call an installation now, in a sentence for the operator; empty when it can. Atlassian has no
// way to ask for a token: a fresh one comes with the next event or hourly trigger.
func Stale(in tenant.Installation, now time.Time) string {
	const wait = "; the next scheduled trigger brings a fresh one, within the hour"
	switch {
	case in.Secret.Empty():
		return "no access token came from Forge yet for " + string(in.Product) + wait
	case !now.Add(reserve).Before(in.SecretUntil):
		return "the access token for " + string(in.Product) + " is stale since " + in.SecretUntil.UTC().Format(time.RFC3339) + wait
	}
	return ""
}

// Signer puts an installation's access token on calls. It is safe for concurrent use.
type Signer struct {
	in  tenant.Installation
	now func() time.Time
}

// NewSigner makes a signer for an installation. A nil clock means time.Now.
func NewSigner(in tenant.Installation, clock func() time.Time) *Signer {
	if clock == nil {
		clock = time.Now
	}
	return &Signer{in, clock}
}

// Sign sets the Authorization header. fault.Busy while the token is stale.
func (s *Signer) Sign(req *http.Request) error {
	if why := Stale(s.in, s.now()); why != "" {
		return fault.BusyFor(time.Minute, "%s", why)
	}
	req.Header.Set("Authorization", "Bearer "+s.in.Secret.Reveal())
	return nil
}
