package connect

import (
	"net/http"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// validity is how long a token of ours is good for; Atlassian advises at most 180 s.
const validity = 120 * time.Second

// Signer signs the app's calls to one installation. It is safe for concurrent use.
type Signer struct {
	app    string
	secret tenant.Secret
	base   string // path of the installation's base URL
	now    func() time.Time
}

// NewSigner makes a signer for an installation, whose secret must be there. A nil clock means time.Now.
func NewSigner(in tenant.Installation, clock func() time.Time) *Signer {
	s := &Signer{app: in.AppKey, secret: in.Secret, now: clock}
	if clock == nil {
		s.now = time.Now
	}
	if u, err := url.Parse(in.BaseURL); err == nil {
		s.base = u.EscapedPath()
	}
	return s
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
