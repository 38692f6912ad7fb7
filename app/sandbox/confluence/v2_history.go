package confluence

import (
	"net/http"
	"slices"
	"strconv"
)

func (c *Confluence) v2Versions(r *http.Request) (any, error) {
	format, err := bodyFormat(r)
	if err != nil {
		return nil, err
	}
	p, err := c.pathPage(r)
	if err != nil {
		return nil, err
	}
	vs := slices.Clone(p.Versions)
	switch by := r.URL.Query().Get("sort"); by {
	case "modified-date":
	case "", "-modified-date":
		vs = newestFirst(vs)
	default:
		return nil, badRequest("Versions can't be sorted by %q", by)
	}
	return paged(c, r, vs, func(v Version) any {
		out := v2VersionValue(v).(map[string]any)
		of := map[string]any{"id": p.ID, "title": v.Title}
		if format != "" {
			of["body"] = map[string]any{format: map[string]any{"representation": format, "value": v.Body}}
		}
		out["page"] = of
		return out
	})
}

func (c *Confluence) v2Version(r *http.Request) (any, error) {
	p, err := c.pathPage(r)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		return nil, badRequest("The version number must be a whole number, not %q", r.PathValue("number"))
	}
	v, err := version(p, n)
	if err != nil {
		return nil, err
	}
	out := v2VersionValue(v).(map[string]any)
	out["contentTypeModified"] = false
	out["collaborators"] = []string{v.AuthorID}
	if n > 1 {
		out["prevVersion"] = n - 1
	}
	if n < len(p.Versions) {
		out["nextVersion"] = n + 1
	}
	return out, nil
}
