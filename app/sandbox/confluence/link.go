package confluence

import (
	"net/url"
	"strings"
	"time"
)

// context is the path below the site's address at which Confluence lives.
func (c *Confluence) context() string {
	if c.dc {
		return "" // the address is Confluence's own, with its context path if it has one
	}
	return "/wiki"
}

// base is where Confluence lives.
func (c *Confluence) base() string { return c.site.BaseURL() + c.context() }

// webUI is the path of a page as a browser opens it, below the base.
func (c *Confluence) webUI(s Space, p Page) string {
	if c.dc {
		return "/pages/viewpage.action?pageId=" + p.ID
	}
	return webUI(s, p)
}

// webUI is that path on Cloud.
func webUI(s Space, p Page) string {
	return "/spaces/" + url.PathEscape(s.Key) + "/pages/" + p.ID + "/" + strings.ReplaceAll(url.PathEscape(p.Title), "%20", "+")
}

func (c *Confluence) pageLinks(p Page) map[string]string {
	s, _ := c.Space(p.SpaceID)
	return map[string]string{
		"base":   c.base(),
		"webui":  webUI(s, p),
		"editui": "/pages/resumedraft.action?draftId=" + p.ID,
		"tinyui": "/x/" + p.ID,
	}
}

// stamp is a time as Atlassian writes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
