// Package jira is a small client for Jira over go-jira: its transport and types, and what it lacks. It speaks REST v2, where
// rich text is wiki markup. go-jira's own Search and JWTAuthTransport are not used: the one calls what Atlassian removed, the
// other computes wrong query hashes.
package jira

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// Client calls one Jira site, of Cloud or of Data Center: what the two do differently is in an edition each, and nobody who uses a
// client needs to know which it is. Accounts are account ids on Cloud and usernames on Data Center. It is safe for concurrent use. All its errors carry fault kinds as outbound.Client and
// outbound.Check give them; times it returns are UTC.
type Client struct {
	base    string
	api     *gojira.Client
	edition edition
}

// edition is what the editions of Jira do differently.
type edition interface {
	// search is Client.Search.
	search(ctx context.Context, c *Client, q query, yield func(Issue) bool) error
	// count is Client.Count.
	count(ctx context.Context, c *Client, jql string) (int, error)
	// issues is Client.Issues, of at least one and at most MaxFetch.
	issues(ctx context.Context, c *Client, idsOrKeys, properties []string) ([]Issue, error)
	// pasts are issues with their histories and comments, of at least one and at most MaxFetch.
	pasts(ctx context.Context, c *Client, idsOrKeys []string) ([]past, error)
	// whole reports whether a history that comes with its issue is all of it.
	whole() bool
	// hides reports whether an issue that a call was refused for is one that the account does not see.
	hides(ctx context.Context, c *Client, idOrKey string) bool
	// person names an account in a request's body; an empty one is nobody.
	person(account string) any
	// mention is Client.Mention.
	mention(account string) string
	// named are the parameters of a search for people by name, or by account.
	named(nameOrAccount string, account bool) url.Values
}

// New makes a client of a Cloud site. The base is an installation's base URL ("https://acme.atlassian.net"). fault.Invalid when it is no URL.
func New(base string, hc *http.Client) (*Client, error) {
	api, err := gojira.NewClient(hc, base)
	if err != nil {
		return nil, fault.As(fault.Invalid, err, "jira: base URL %q", base)
	}
	return &Client{base: strings.TrimRight(base, "/"), api: api, edition: cloud{}}, nil
}

// NewDataCenter makes a client of a Data Center site, whose base URL holds the context path if there is one
// ("https://jira.example.com/jira"). fault.Invalid when it is no URL.
func NewDataCenter(base string, hc *http.Client) (*Client, error) {
	c, err := New(base, hc)
	if err == nil {
		c.edition = dataCenter{}
	}
	return c, err
}

// Mention is how wiki text mentions an account.
func (c *Client) Mention(account string) string { return c.edition.mention(account) }

// At returns the same client for a site that people see at another address than the one that is called, as behind Atlassian's
// API gateway: without trailing slash.
func (c *Client) At(site string) *Client { return &Client{base: site, api: c.api, edition: c.edition} }

// SiteURL asks the site for the address at which people see it, without trailing slash. fault.Invalid when it names none.
func (c *Client) SiteURL(ctx context.Context) (string, error) {
	var w struct {
		BaseURL string `json:"baseUrl"`
	}
	if err := c.call(ctx, http.MethodGet, "rest/api/2/serverInfo", nil, &w); err != nil {
		return "", fault.Wrap(err, "ask Jira for its address")
	}
	u, err := url.Parse(w.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fault.New(fault.Invalid, "jira: the site says its address is %q, which is none", w.BaseURL)
	}
	return strings.TrimRight(w.BaseURL, "/"), nil
}

// URL is where people see an issue.
func (c *Client) URL(key string) string { return c.base + "/browse/" + url.PathEscape(key) }

// priced is an answer that costs points for what it holds.
type priced interface{ price() int }

// call sends a request and reads its answer into out, unless that is nil.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	req, err := c.api.NewRequestWithContext(ctx, method, path, in)
	if err != nil {
		return fault.As(fault.Invalid, err, "jira: %s %s", method, path)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.api.Do(req, out)
	if resp == nil {
		return fault.Wrap(err, "jira")
	}
	defer resp.Body.Close()
	if bad := outbound.Check(resp.Response); bad != nil {
		return fault.Wrap(bad, "jira")
	}
	if err != nil {
		return fault.Wrap(outbound.Unread(resp.Response, err), "jira")
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
	if p, ok := out.(priced); ok {
		outbound.Charge(resp.Response, p.price())
	}
	return nil
}

// segment makes an id or key fit for a path.
func segment(id string) (string, error) {
	if id == "" || id == "." || id == ".." || len(id) > 255 {
		return "", fault.New(fault.Invalid, "%q is no id or key of anything in Jira", id)
	}
	return url.PathEscape(id), nil
}

// ofIssue calls for an issue, or for what belongs to it below its path. fault.NotFound when the account does not see such an issue, whichever
// way the site says so.
func (c *Client) ofIssue(ctx context.Context, method, idOrKey, below string, in, out any) error {
	seg, err := segment(idOrKey)
	if err != nil {
		return err
	}
	err = c.call(ctx, method, "rest/api/2/issue/"+seg+below, in, out)
	if fault.Is(err, fault.Denied) && c.edition.hides(ctx, c, idOrKey) {
		return fault.As(fault.NotFound, err, "jira does not show issue %s to this account", idOrKey)
	}
	return err
}

// Fields returns what an error says of single fields, by field id ("assignee": "User '…' cannot be assigned issues."), so that a
// caller can leave out what a project does not take. Nil when the error names none.
func Fields(err error) map[string]string {
	var r *outbound.Refusal
	if errors.As(err, &r) {
		return r.Fields
	}
	return nil
}
