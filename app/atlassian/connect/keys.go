package connect

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"github.com/throughline/throughline/app/atlassian/inbound"
	"github.com/throughline/throughline/app/fault"
)

// KeyURLs are where Atlassian publishes the keys it signs installs with, in the order in which they are asked.
func KeyURLs() []string {
	return []string{
		"https://asap-distribution.us-west-2.prod.atl-asap.net",
		"https://connect-install-keys.atlassian.com",
	}
}

// KeyOptions configure where keys come from. The zero value is fit for production.
type KeyOptions struct {
	URLs   []string         // each is asked for <url>/<kid>, until one has it; nil means KeyURLs
	Client *http.Client     // nil means one with a timeout of 5 s
	Clock  func() time.Time // nil means time.Now
}

// Keys fetches and remembers Atlassian's public keys. It is safe for concurrent use.
type Keys struct {
	urls   []string
	client *http.Client
	now    func() time.Time
	flight singleflight.Group
	fetch  *rate.Limiter // tokens with made-up key ids must not make us flood Atlassian

	mu   sync.Mutex
	held map[string]heldKey
}

type heldKey struct {
	key   *rsa.PublicKey // nil: nobody has this key
	until time.Time
}

const (
	keyKept    = time.Hour        // a key that exists
	absentKept = 30 * time.Second // a key that does not, or not yet
	mostKeys   = 128
	maxKey     = 16 << 10 // bytes of a PEM file
	minBits    = 2048
)

// NewKeys makes a source of keys.
func NewKeys(o KeyOptions) *Keys {
	if len(o.URLs) == 0 {
		o.URLs = KeyURLs()
	}
	if o.Client == nil {
		o.Client = &http.Client{
			Timeout:       5 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Keys{urls: o.URLs, client: o.Client, now: o.Clock, fetch: rate.NewLimiter(5, 20), held: map[string]heldKey{}}
}

// kidShape is what a key id may look like before it becomes part of a URL: Atlassian's are UUIDs.
var kidShape = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z-]{0,63}$`)

// Key returns the key of an id. fault.Unverified when nobody has it, fault.Busy when that could not be found out.
func (k *Keys) Key(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	if !kidShape.MatchString(kid) {
		return nil, inbound.Refusal("key id")
	}
	if held, ok := k.recall(kid); ok {
		if held.key == nil {
			return nil, inbound.Refusal("unknown key")
		}
		return held.key, nil
	}
	// The fetch is shared by all who wait for the same key, so it must not end with the first one's request.
	got, err, _ := k.flight.Do(kid, func() (any, error) { return k.ask(context.WithoutCancel(ctx), kid) })
	if err != nil {
		return nil, err
	}
	if key := got.(*rsa.PublicKey); key != nil {
		return key, nil
	}
	return nil, inbound.Refusal("unknown key")
}

func (k *Keys) recall(kid string) (heldKey, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	held, ok := k.held[kid]
	return held, ok && k.now().Before(held.until)
}

func (k *Keys) remember(kid string, key *rsa.PublicKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if len(k.held) >= mostKeys {
		for old, held := range k.held {
			// Absent ones go first: they are what an attacker can make up.
			if held.key == nil || !now.Before(held.until) {
				delete(k.held, old)
			}
		}
		if len(k.held) >= mostKeys {
			clear(k.held)
		}
	}
	kept := keyKept
	if key == nil {
		kept = absentKept
	}
	k.held[kid] = heldKey{key, now.Add(kept)}
}

// ask goes through the URLs. A nil key without error means that all of them answered and none has it.
func (k *Keys) ask(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	if !k.fetch.AllowN(k.now(), 1) {
		return nil, fault.BusyFor(time.Second, "too many unknown key ids at once; the key is fetched a little later")
	}
	var failed error
	for _, base := range k.urls {
		key, err := k.get(ctx, strings.TrimRight(base, "/")+"/"+kid)
		switch {
		case err != nil:
			failed = errors.Join(failed, err)
		case key != nil:
			k.remember(kid, key)
			return key, nil
		}
	}
	if failed != nil {
		return nil, fault.As(fault.Busy, failed, "fetch Atlassian's install key")
	}
	k.remember(kid, nil)
	return nil, nil
}

// get asks one URL; nil without error when it has no such key.
func (k *Keys) get(ctx context.Context, url string) (*rsa.PublicKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := k.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusForbidden, http.StatusGone: // a bucket says 403 for what it does not have
		return nil, nil
	default:
		return nil, fault.New(fault.Busy, "GET %s: %s", url, resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKey+1))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(body)
	if block == nil || len(body) > maxKey {
		return nil, fault.New(fault.Busy, "GET %s: the answer is no PEM file", url)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fault.As(fault.Busy, err, "GET %s", url)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < minBits {
		return nil, fault.New(fault.Busy, "GET %s: the key is no RSA key of %d bits or more", url, minBits)
	}
	return key, nil
}
