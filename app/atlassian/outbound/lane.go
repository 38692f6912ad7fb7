package outbound

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/throughline/throughline/app/failpoint"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// lane is the road as one product of one site uses it.
type lane struct {
	road    *Road
	tenant  tenant.ID
	product tenant.Product
	door    string // that the tenant came in by
	base    *url.URL
	signers []Signer
	refused error // why nothing may be sent, or nil
}

// call is one request with what the chain needs to know of it.
type call struct {
	method     string
	template   string // the path with its ids replaced: "/api/v2/pages/{id}"
	issue      string // id or key of the issue that is written to, else empty
	repeatable bool   // harmless to send twice
	write      bool   // it changes something, whether or not it may be repeated
	background bool   // nobody waits for it
	searches   bool   // what its answer costs is known afterwards only, and may be a page of issues or pages
}

func (c call) String() string { return c.method + " " + c.template }

const attempts = 3

// RoundTrip sends a request, and again when it may be repeated and failed in a way that passes. The time for it all is limited
// here and not by http.Client, whose own timeout would replace the error and lose its kind.
func (l *lane) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), l.road.timeout)
	resp, err := l.roundTrip(req.WithContext(ctx))
	if err != nil {
		cancel()
		if req.Body != nil {
			_ = req.Body.Close() // RoundTripper's contract: closed also when nothing was sent
		}
		return nil, err
	}
	resp.Body = capped(resp.Body, l.road.maxBody, cancel)
	return resp, nil
}

func (l *lane) roundTrip(req *http.Request) (*http.Response, error) {
	if err := l.admit(req.URL); err != nil {
		return nil, err
	}
	c := call{
		method:     req.Method,
		template:   template(strings.TrimPrefix(req.URL.Path, strings.TrimRight(l.base.Path, "/"))),
		repeatable: repeatable(req),
	}
	c.issue, c.write, c.background = writtenIssue(req), writes(c.method, c.template), background(req.Context())
	c.searches = searches(c.template)
	for attempt := 1; ; attempt++ {
		if err := l.waits(req.Context(), c); err != nil {
			return nil, err // whoever waits for it tries again
		}
		resp, err := l.signed(req, c)
		if attempt == attempts || !passing(c, resp, err) || req.Context().Err() != nil {
			return resp, err
		}
		next, ok := rewind(req)
		if !ok {
			return resp, err
		}
		discard(resp)
		if err := pause(req.Context(), attempt); err != nil {
			return nil, fault.As(fault.Busy, err, "%s at %s", c, l.tenant)
		}
		req = next
	}
}

// signed sends a request by the first of the signers that the site does not refuse with 401, which says that nothing was done.
func (l *lane) signed(req *http.Request, c call) (*http.Response, error) {
	for n, signer := range l.signers {
		if n > 0 {
			if err := l.waits(req.Context(), c); err != nil {
				return nil, err
			}
		}
		resp, err := l.once(req, c, signer)
		if err != nil {
			return nil, err
		}
		if taken, ok := signer.(Taken); ok && resp.StatusCode/100 == 2 {
			if err := taken.Took(req.Context()); err != nil {
				l.road.log.Warn("which credentials the site took could not be recorded", "tenant", l.tenant, "product", l.product, "error", err)
			}
		}
		if resp.StatusCode != http.StatusUnauthorized || n == len(l.signers)-1 {
			return resp, nil
		}
		next, ok := rewind(req)
		if !ok {
			return resp, nil
		}
		discard(resp)
		req = next
	}
	return nil, fault.New(fault.Internal, "%s at %s: nobody signs it", c, l.tenant)
}

// admit lets only requests to the installation's own base URL pass.
func (l *lane) admit(u *url.URL) error {
	if l.refused != nil {
		return l.refused
	}
	inside := u.Path == l.base.Path || strings.HasPrefix(u.Path, strings.TrimRight(l.base.Path, "/")+"/")
	if u.Scheme != l.base.Scheme || !strings.EqualFold(u.Host, l.base.Host) || !inside || u.User != nil {
		return fault.New(fault.Denied, "a call to %s://%s was stopped: clients of %s may only call %s", u.Scheme, u.Host, l.tenant, l.base)
	}
	return nil
}

// waits until the pace lets a call pass, or says why none may be made.
func (l *lane) waits(ctx context.Context, c call) error {
	if err := l.road.paces.wait(ctx, l.tenant, l.product, c); err != nil {
		l.road.metrics.heldBack(l, "pace")
		return err
	}
	return l.open(c)
}

// open asks everybody who may hold a call back. Busy says how long.
func (l *lane) open(c call) error {
	if err := l.road.breaker.open(l.tenant); err != nil {
		l.road.metrics.heldBack(l, "breaker")
		return err
	}
	if err := l.road.gates.open(l.tenant, l.product, c); err != nil {
		l.road.metrics.heldBack(l, "rate limit")
		return err
	}
	if err := l.road.points.take(l.tenant, price(c), c); err != nil {
		l.road.metrics.heldBack(l, "points")
		if !errors.Is(err, ErrLater) && l.road.points.tell() {
			l.road.log.Warn("calls wait for the next hour", "reason", err)
		}
		return err
	}
	return nil
}

// once sends a request one time and remembers what its answer means for the next.
func (l *lane) once(req *http.Request, c call, signer Signer) (*http.Response, error) {
	var reached atomic.Bool // a connection was had, so bytes may have left
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { reached.Store(true) },
	})
	ctx = context.WithValue(ctx, chargeKey{}, func(points int) { l.road.points.charge(l.tenant, points, c) })
	out := req.Clone(ctx)
	if signer != nil {
		if err := signer.Sign(out); err != nil {
			return nil, fault.Wrap(err, "sign %s for %s", c, l.tenant)
		}
	}
	began := l.road.now()
	if failpoint.On {
		failpoint.Call(failpoint.Before, c.String())
	}
	resp, err := l.road.send.RoundTrip(out)
	if failpoint.On {
		failpoint.Call(failpoint.After, c.String())
	}
	l.road.metrics.answered(l, c, resp, err, l.road.now().Sub(began))
	if c.searches && (err != nil || resp.StatusCode >= http.StatusBadRequest) {
		l.road.points.charge(l.tenant, 0, c) // nothing was found
	}
	if err != nil {
		switch {
		case errors.Is(err, errInside):
			return nil, fault.As(fault.Denied, err, "%s at %s: the site's name leads to an address that is not allowed", c, l.tenant)
		case !errors.Is(req.Context().Err(), context.Canceled): // the caller's giving up is no sign of a sick site
			l.failed()
		}
		if reached.Load() && !c.repeatable {
			return nil, fault.As(fault.Uncertain, err, "%s at %s broke off after it may have been received; look before repeating", c, l.tenant)
		}
		return nil, fault.As(fault.Busy, err, "%s at %s could not be completed; it may be repeated", c, l.tenant)
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		l.road.gates.limit(l.tenant, l.product, c, resp.Header)
		l.road.log.Warn("rate limited", "tenant", l.tenant, "product", l.product, "call", c.String(),
			"reason", reason(resp.Header), "retry_after", retryAfter(resp.Header, l.road.now()))
	case resp.StatusCode >= 500:
		if l.failed(); resp.Header.Get("Retry-After") != "" {
			l.road.gates.limit(l.tenant, l.product, c, resp.Header) // it was asked of this call, and the like of it would fare no better
		}
	default:
		l.road.breaker.passed(l.tenant)
	}
	resp.Request = out
	return resp, nil
}

// failed notes that the site could not answer.
func (l *lane) failed() {
	if l.road.breaker.failed(l.tenant) {
		l.road.log.Warn("the site does not answer and is left alone for a while", "tenant", l.tenant, "product", l.product)
	}
}

// passing reports whether a failure is of the sort that is over a moment later.
func passing(c call, resp *http.Response, err error) bool {
	if !c.repeatable {
		return false
	}
	if err != nil {
		return fault.Is(err, fault.Busy)
	}
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusInternalServerError:
		return resp.Header.Get("Retry-After") == "" // the site named a time: the job's to wait, not a request's
	}
	return false
}

// rewind gives the request once more, with its body from the beginning.
func rewind(req *http.Request) (*http.Request, bool) {
	next := req.Clone(req.Context())
	if req.Body == nil || req.Body == http.NoBody {
		return next, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	next.Body = body
	return next, err == nil
}

// discard ends a response that nobody reads, so that its connection can be used again.
func discard(resp *http.Response) {
	if resp != nil {
		_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
		_ = resp.Body.Close()
	}
}

// pause waits before the next attempt: 200 ms, doubling, between half and all of it.
func pause(ctx context.Context, attempt int) error {
	full := 200 * time.Millisecond << (attempt - 1)
	t := time.NewTimer(full/2 + rand.N(full/2))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
