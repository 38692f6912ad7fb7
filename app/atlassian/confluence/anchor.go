package confluence

import (
	"net/url"
	"strings"

	"github.com/throughline/throughline/app/tenant"
)

// Anchor is the fragment by which a heading of a page is linked to. Cloud joins the heading's words by dashes; Data Center leaves the
// spaces out of page title and heading and joins the two by one (Atlassian, "Confluence Data Center: Anchor macro").
func Anchor(e tenant.Edition, title, heading string) string {
	if e == tenant.DataCenter {
		return url.PathEscape(strings.Join(strings.Fields(title), "") + "-" + strings.Join(strings.Fields(heading), ""))
	}
	return url.PathEscape(strings.Join(strings.Fields(heading), "-"))
}
