// Package confluence is a small client for Confluence Cloud: REST v2 for pages and spaces, v1 for search, which v2 lacks. It
// works on an *http.Client of outbound, which signs, limits and retries.
package confluence

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// Client calls one Confluence site. It is safe for concurrent use. All its errors carry fault kinds as outbound.Client and
// outbound.Check give them; times it returns are UTC.
type Client struct {
	base string
	hc   *http.Client
}

// New makes a client. The base is an installation's base URL, with Confluence's context path ("https://acme.atlassian.net/wiki").
func New(base string, hc *http.Client) *Client {
	return &Client{base: strings.TrimRight(base, "/"), hc: hc}
}

// priced is an answer that costs points for what it holds.
type priced interface{ price() int }

// get reads a path below the base into out.
func (c *Client) get(ctx context.Context, path string, query url.Values, out any) error {
	return c.call(ctx, http.MethodGet, path, query, nil, out)
}

func (c *Client) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return fault.As(fault.Internal, err, "encode %s %s", method, path)
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return fault.As(fault.Invalid, err, "%s %s", method, path)
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.hc.Do(req)
	if err != nil {
		return fault.Wrap(err, "confluence")
	}
	if err := outbound.Check(resp); err != nil {
		return fault.Wrap(err, "confluence")
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fault.Wrap(outbound.Unread(resp, err), "confluence")
	}
	if p, ok := out.(priced); ok {
		outbound.Charge(resp, p.price())
	}
	return nil
}

// segment makes an id fit for a path.
func segment(id string) (string, error) {
	if id == "" || id == "." || id == ".." || len(id) > 255 {
		return "", fault.New(fault.Invalid, "%q is no id of anything in Confluence", id)
	}
	return url.PathEscape(id), nil
}
