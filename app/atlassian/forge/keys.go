package forge

import (
	"context"
	"crypto/rsa"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"

	"github.com/throughline/throughline/app/atlassian/inbound"
	"github.com/throughline/throughline/app/fault"
)

// KeysURL is where Atlassian publishes the keys of invocation tokens.
const KeysURL = "https://forge.cdn.prod.atlassian-dev.net/.well-known/jwks.json"

const (
	fetchTime = 3 * time.Second // for the whole key set
	minBits   = 2048
	maxSet    = 1 << 20 // bytes of a key set
)

// Keys are the public keys that invocation tokens are verified with: fetched at the start, hourly, and for a key id that is not
// known, at most five times at once and then every ten seconds: whoever comes in between is told to come back. They are safe for concurrent use.
type Keys struct{ set keyfunc.Keyfunc }

// NewKeys fetches the key set at a URL and keeps it fresh until ctx ends. A set that cannot be fetched now is fetched with the
// first token that needs it. fault.Invalid when the URL is none.
func NewKeys(ctx context.Context, url string, log *slog.Logger) (*Keys, error) {
	report := func(ctx context.Context, err error) {
		if down, ok := ctx.Value(downKey{}).(*error); ok {
			*down = err // somebody waits for the key, and is told
			return
		}
		log.Warn("forge: the keys of invocation tokens could not be fetched; the next token that needs one tries again", "url", url, "error", err)
	}
	held, err := jwkset.NewStorageFromHTTP(url, jwkset.HTTPClientStorageOptions{
		Ctx: ctx, HTTPTimeout: fetchTime, NoErrorReturnFirstHTTPReq: true, RefreshInterval: time.Hour, RefreshErrorHandler: report,
		Client: &http.Client{
			Timeout: fetchTime, Transport: bounded{http.DefaultTransport},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	})
	if err != nil {
		return nil, fault.As(fault.Invalid, err, "the address of Forge's keys")
	}
	set, err := jwkset.NewHTTPClient(jwkset.HTTPClientOptions{
		HTTPURLs: map[string]jwkset.Storage{url: held}, RateLimitWaitMax: fetchTime, RefreshUnknownKID: rate.NewLimiter(rate.Every(10*time.Second), 5),
	})
	if err != nil {
		return nil, fault.As(fault.Internal, err, "holding Forge's keys")
	}
	keys, err := keyfunc.New(keyfunc.Options{Ctx: ctx, Storage: set})
	if err != nil {
		return nil, fault.As(fault.Internal, err, "holding Forge's keys")
	}
	return &Keys{keys}, nil
}

type downKey struct{}

// key finds the key of a token. fault.Unverified when there is none, fault.Busy when that could not be found out.
func (k *Keys) key(ctx context.Context, t *jwt.Token) (any, error) {
	if id, ok := t.Header["kid"].(string); !ok || id == "" || len(id) > maxID {
		return nil, inbound.Refusal("key id")
	}
	var down error
	found, err := k.set.KeyfuncCtx(context.WithValue(ctx, downKey{}, &down))(t)
	switch {
	case err == nil:
	case down != nil:
		return nil, fault.As(fault.Busy, down, "fetch Forge's keys")
	case errors.Is(err, jwkset.ErrKeyNotFound):
		return nil, inbound.Refusal("unknown key")
	default:
		return nil, fault.As(fault.Busy, err, "fetch Forge's keys: too many unknown key ids at once")
	}
	key, ok := found.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < minBits {
		return nil, inbound.Refusal("key")
	}
	return key, nil
}

// bounded cuts answers off that are longer than a key set may be.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(req)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxSet), resp.Body}
	}
	return resp, err
}
