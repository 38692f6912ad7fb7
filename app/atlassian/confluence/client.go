// Package confluence is a small client for Confluence. On Cloud it speaks REST v2 for pages, and v1 for search, which v2 lacks; on
// Data Center the one REST interface there is. It works on an *http.Client of outbound, which signs, limits and retries.
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

// Client calls one Confluence site, of Cloud or of Data Center: what the two do differently is in an edition each, and nobody who
// uses a client needs to know which it is. Accounts are account ids on Cloud and usernames on Data Center. It is safe for concurrent use. All its errors carry fault kinds as outbound.Client and
// outbound.Check give them; times it returns are UTC.
type Client struct {
	base    string
	hc      *http.Client
	edition edition
}

// edition is what the editions of Confluence do differently.
type edition interface {
	pages
	people
}

// pages are the methods of Client by the same names.
type pages interface {
	page(ctx context.Context, c *Client, id string) (Page, error)
	versions(ctx context.Context, c *Client, ids []string) (map[string]int, error)
	search(ctx context.Context, c *Client, cql string, yield func(Hit) bool) error
	update(ctx context.Context, c *Client, u Update) (int, error)
}

// people are the methods of Client by the same names.
type people interface {
	mayEdit(ctx context.Context, c *Client, page, account string) (bool, error)
	account(ctx context.Context, c *Client, mention string) (string, error)
	mention(ctx context.Context, c *Client, account string) (string, error)
}

// New makes a client of a Cloud site. The base is an installation's base URL, with Confluence's context path ("https://acme.atlassian.net/wiki").
func New(base string, hc *http.Client) *Client {
	return &Client{base: strings.TrimRight(base, "/"), hc: hc, edition: cloud{}}
}

// NewDataCenter makes a client of a Data Center site, whose base URL holds the context path if there is one
// ("https://confluence.example.com").
func NewDataCenter(base string, hc *http.Client) *Client {
	return &Client{base: strings.TrimRight(base, "/"), hc: hc, edition: dataCenter{}}
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
