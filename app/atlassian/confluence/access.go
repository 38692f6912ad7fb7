package confluence

import (
	"cmp"
	"context"

	"github.com/throughline/throughline/app/fault"
)

// Person is an account of the site, or an app.
type Person struct {
	AccountID string // on Data Center the username
	Name      string
}

// wirePerson is a person as both editions show one.
type wirePerson struct {
	AccountID string `json:"accountId"` // Cloud
	Username  string `json:"username"`  // Data Center
	Key       string `json:"userKey"`   // Data Center
	Name      string `json:"displayName"`
}

// account is how the site names a person to its clients.
func (p wirePerson) account() string { return cmp.Or(p.AccountID, p.Username) }

// Myself reads whose credentials the client calls with. fault.Unverified when the site does not take them.
func (c *Client) Myself(ctx context.Context) (Person, error) {
	var w wirePerson
	if err := c.get(ctx, "/rest/api/user/current", nil, &w); err != nil {
		return Person{}, fault.Wrap(err, "read whose credentials these are")
	}
	return Person{w.account(), w.Name}, nil
}

// MayEdit reports whether an account may edit a page. It changes nothing. On Data Center it answers for the client's own account.
func (c *Client) MayEdit(ctx context.Context, page, account string) (bool, error) {
	may, err := c.edition.mayEdit(ctx, c, page, account)
	return may, fault.Wrap(err, "ask whether page %s may be edited", page)
}

// Account tells whose account a page's mention names, as the page names them; empty when that is nobody.
func (c *Client) Account(ctx context.Context, mention string) (string, error) {
	account, err := c.edition.account(ctx, c, mention)
	return account, fault.Wrap(err, "look up who is mentioned as %s", mention)
}

// Mention is how a page mentions an account, the inverse of Account; empty when the site does not know it.
func (c *Client) Mention(ctx context.Context, account string) (string, error) {
	mention, err := c.edition.mention(ctx, c, account)
	return mention, fault.Wrap(err, "look up how %s is mentioned", account)
}
