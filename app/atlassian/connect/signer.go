package connect

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// validity is how long a token of ours is good for; Atlassian advises at most 180 s.
const validity = 120 * time.Second

// Secrets is what signers need of tenant.Registry: to record which secret the site took.
type Secrets interface {
	Confirm(ctx context.Context, clientKey string, used tenant.Secret) error
	Restore(ctx context.Context, clientKey string, took tenant.Secret, at time.Time) error
}

// Signer signs the app's calls to one installation with one secret. It is safe for concurrent use.
type Signer struct {
	app    string
	secret tenant.Secret
	base   string // path of the installation's base URL
	now    func() time.Time
	took   func(context.Context) error // records that the site took it; nil where there is nothing to record
}

// NewSigners makes the signers of an installation, whose secret must be there: first that of its secret, then, while the site may hold a
// former one, those of the former ones, each for what the ones before it were refused. What the site takes is recorded, so that one is left
// soon. A nil clock means time.Now.
func NewSigners(in tenant.Installation, clock func() time.Time, record Secrets) []*Signer {
	if clock == nil {
		clock = time.Now
	}
	base := ""
	if u, err := url.Parse(in.BaseURL); err == nil {
		base = u.EscapedPath()
	}
	var out []*Signer
	for n, secret := range in.Secrets(clock()) {
		s := &Signer{app: in.AppKey, secret: secret, base: base, now: clock}
		switch {
		case len(in.Former) == 0:
		case n == 0:
			s.took = func(ctx context.Context) error { return record.Confirm(ctx, in.ClientKey, secret) }
		default:
			s.took = func(ctx context.Context) error {
				now := clock().UTC()
				if in.Restored(secret, now).Secret != secret {
					return nil // not yet: the site may be about to take a newer one
				}
				return record.Restore(ctx, in.ClientKey, secret, now)
			}
		}
		out = append(out, s)
	}
	return out
}

// Took implements outbound.Taken.
func (s *Signer) Took(ctx context.Context) error {
	if s.took == nil {
		return nil
	}
	return s.took(ctx)
}

// Sign puts a token for exactly this request into its Authorization header. fault.Denied when the installation has no secret.
func (s *Signer) Sign(req *http.Request) error {
	if s.secret.Empty() {
		return fault.New(fault.Denied, "the installation at %s has no shared secret; install the app again", req.URL.Host)
	}
	now := s.now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": s.app,
		"iat": now.Unix(),
		"exp": now.Add(validity).Unix(),
		"qsh": QSH(req.Method, req.URL, s.base),
	}).SignedString([]byte(s.secret.Reveal()))
	if err != nil {
		return fault.As(fault.Internal, err, "sign a call to %s", req.URL.Host)
	}
	req.Header.Set("Authorization", "JWT "+token)
	return nil
}
