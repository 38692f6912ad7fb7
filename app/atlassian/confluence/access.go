package confluence

import (
	"context"
	"net/http"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// Person is an account of the site, or an app.
type Person struct {
	AccountID string
	Name      string
}

// Myself reads whose credentials the client calls with. fault.Unverified when the site does not take them.
func (c *Client) Myself(ctx context.Context) (Person, error) {
	var w struct {
		AccountID string `json:"accountId"`
		Name      string `json:"displayName"`
	}
	if err := c.get(ctx, "/rest/api/user/current", nil, &w); err != nil {
		return Person{}, fault.Wrap(err, "read whose credentials these are")
	}
	return Person{w.AccountID, w.Name}, nil
}

// MayEdit reports whether an account may edit a page. It changes nothing.
func (c *Client) MayEdit(ctx context.Context, page, account string) (bool, error) {
	seg, err := segment(page)
	if err != nil {
		return false, err
	}
	type subject struct {
		Type string `json:"type"`
		ID   string `json:"identifier"`
	}
	in := struct {
		Subject   subject `json:"subject"`
		Operation string  `json:"operation"`
	}{subject{"user", account}, "update"}
	var w struct {
		Has bool `json:"hasPermission"`
	}
	err = c.call(outbound.Repeatable(ctx), http.MethodPost, "/rest/api/content/"+seg+"/permission/check", nil, in, &w)
	return w.Has, fault.Wrap(err, "ask whether page %s may be edited", page)
}
