package outbound

import (
	"net/http"

	"github.com/throughline/throughline/app/fault"
)

// Only makes a client for one address outside of Atlassian, such as a time-stamp authority: it sends to exactly that URL, over https
// and to public addresses like all of the road, follows no redirects, and spends no points.
func (r *Road) Only(address string) *http.Client {
	return &http.Client{
		Transport:     only{r, address},
		Timeout:       r.timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type only struct {
	road    *Road
	address string
}

// RoundTrip implements http.RoundTripper.
func (o only) RoundTrip(req *http.Request) (*http.Response, error) {
	switch {
	case req.URL.String() != o.address:
		return nil, fault.New(fault.Denied, "a call to %s, where only the configured address may be called", req.URL.Host)
	case req.URL.Scheme != "https" && !o.road.dev:
		return nil, fault.New(fault.Denied, "a call to %s that is not https", req.URL.Host)
	}
	return o.road.send.RoundTrip(req)
}
