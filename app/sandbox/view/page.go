package view

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/sandbox/view/body"
)

type pageData struct {
	Page    confluence.Page
	Space   confluence.Space
	Version confluence.Version
	Body    template.HTML
	Tree    []branch
	Parents []confluence.Page
	Latest  bool
	Diff    []change
	Apps    []string // keys of the properties that apps keep with the page
}

// branch is a page in the tree beside the content.
type branch struct {
	Page  confluence.Page
	Depth int
	Here  bool
}

func (v *View) page(r *http.Request) (*answer, error) {
	p, err := v.find(r)
	if err != nil {
		return nil, err
	}
	return v.showPage(p, p.Version())
}

func (v *View) pageByID(r *http.Request) (*answer, error) {
	p, err := v.find(r)
	if err != nil {
		return nil, err
	}
	return goTo(v.pageURL(p)), nil
}

func (v *View) showPage(p confluence.Page, version confluence.Version) (*answer, error) {
	space, _ := v.wiki.Space(p.SpaceID)
	d := pageData{
		Page: p, Space: space, Version: version, Body: v.render(version.Body, space), Latest: version.Number == p.Version().Number, Tree: v.tree(space, p.ID),
	}
	for _, property := range p.Properties {
		d.Apps = append(d.Apps, property.Key)
	}
	for id := p.ParentID; id != "" && len(d.Parents) < 20; {
		parent, ok := v.wiki.Page(id)
		if !ok {
			break
		}
		d.Parents = append([]confluence.Page{parent}, d.Parents...)
		id = parent.ParentID
	}
	return show("page", version.Title, space.Key, d), nil
}

// render is a body as HTML; one that can't be rendered says why.
func (v *View) render(source string, space confluence.Space) template.HTML {
	out, err := body.Render(source, lookup{v, space})
	if err != nil {
		return template.HTML("<p>" + template.HTMLEscapeString(err.Error()) + "</p>") // escaped
	}
	return out
}

// find is the page that the path names by its id.
func (v *View) find(r *http.Request) (confluence.Page, error) {
	p, ok := v.wiki.Page(r.PathValue("id"))
	if !ok {
		return confluence.Page{}, missing("There is no page with the id " + r.PathValue("id") + ". It may have been deleted for good.")
	}
	return p, nil
}

func (v *View) pageURL(p confluence.Page) string {
	space, _ := v.wiki.Space(p.SpaceID)
	return "/wiki/spaces/" + url.PathEscape(space.Key) + "/pages/" + p.ID + "/" + strings.ReplaceAll(url.PathEscape(p.Title), "%20", "+")
}

// tree is a space's current pages, each followed by those below it.
func (v *View) tree(space confluence.Space, here string) []branch {
	below := map[string][]confluence.Page{}
	current := map[string]bool{}
	for _, p := range v.wiki.Pages() {
		if p.SpaceID == space.ID && p.Status == confluence.Current {
			current[p.ID] = true
			below[p.ParentID] = append(below[p.ParentID], p)
		}
	}
	for parent, children := range below {
		if parent != "" && !current[parent] { // its parent is in the trash: it stands at the top
			below[""] = append(below[""], children...)
		}
	}
	var out []branch
	var add func(parent string, depth int)
	add = func(parent string, depth int) {
		for _, p := range below[parent] {
			out = append(out, branch{p, min(depth, 4), p.ID == here})
			add(p.ID, depth+1)
		}
	}
	add("", 0)
	return out
}

func (v *View) space(r *http.Request) (*answer, error) {
	space, ok := v.wiki.Space(r.PathValue("key"))
	if !ok {
		return nil, missing("There is no space with the key " + r.PathValue("key") + ".")
	}
	d := struct {
		Space   confluence.Space
		Tree    []branch
		Trashed []confluence.Page
	}{Space: space, Tree: v.tree(space, "")}
	for _, p := range v.wiki.Pages() {
		if p.SpaceID == space.ID && p.Status == confluence.Trashed {
			d.Trashed = append(d.Trashed, p)
		}
	}
	return show("space", space.Name, space.Key, d), nil
}

func (v *View) history(r *http.Request) (*answer, error) {
	p, err := v.find(r)
	if err != nil {
		return nil, err
	}
	space, _ := v.wiki.Space(p.SpaceID)
	versions := slices.Clone(p.Versions)
	slices.Reverse(versions)
	return show("history", "History of "+p.Title, space.Key, struct {
		Page     confluence.Page
		Space    confluence.Space
		Versions []confluence.Version
	}{p, space, versions}), nil
}

func (v *View) version(r *http.Request) (*answer, error) {
	p, err := v.find(r)
	if err != nil {
		return nil, err
	}
	number := 0
	for _, digit := range r.PathValue("number") {
		if digit < '0' || digit > '9' || number > 1<<20 {
			number = 0
			break
		}
		number = number*10 + int(digit-'0')
	}
	version, ok := p.At(number)
	if !ok {
		return nil, missing("The page " + p.Title + " has no version " + r.PathValue("number") + ".")
	}
	a, err := v.showPage(p, version)
	if err != nil {
		return nil, err
	}
	d := a.data.(pageData)
	if before, ok := p.At(number - 1); ok {
		d.Diff = diff(lines(v.render(before.Body, d.Space)), lines(d.Body))
	}
	return show("version", a.title, a.place, d), nil
}

func (v *View) setLabels(r *http.Request) (*answer, error) {
	return v.act(r, func(actor string, p confluence.Page) error {
		return v.wiki.SetLabels(actor, p.ID, strings.FieldsFunc(r.PostFormValue("labels"), separator))
	})
}

func (v *View) trashPage(r *http.Request) (*answer, error) {
	return v.act(r, func(actor string, p confluence.Page) error { return v.wiki.Trash(actor, p.ID) })
}

func (v *View) restorePage(r *http.Request) (*answer, error) {
	return v.act(r, func(actor string, p confluence.Page) error { return v.wiki.Restore(actor, p.ID) })
}

func (v *View) deletePage(r *http.Request) (*answer, error) {
	a, err := v.act(r, func(actor string, p confluence.Page) error { return v.wiki.Delete(actor, p.ID) })
	if err == nil {
		a = goTo("/")
	}
	return a, err
}

// act does something with the page that the path names, and goes back to it.
func (v *View) act(r *http.Request, do func(actor string, p confluence.Page) error) (*answer, error) {
	p, err := v.find(r)
	if err != nil {
		return nil, err
	}
	if err := do(v.actor(r).AccountID, p); err != nil {
		return nil, err
	}
	return goTo(v.pageURL(p)), nil
}

// lookup answers what a body names.
type lookup struct {
	*View
	space confluence.Space
}

func (l lookup) UserName(id string) (string, bool) {
	u, ok := l.site.User(id)
	if !ok {
		u, ok = site.WithWikiKey(l.site.Users(), id)
	}
	return u.Name, ok
}

func (l lookup) Issue(key string) (body.Issue, bool) {
	i, ok := l.tracker.Issue(key)
	if !ok {
		return body.Issue{}, false
	}
	return body.Issue{Key: i.Key, Summary: i.Summary, Status: i.Status.Name, Category: i.Status.Category}, true
}

func (l lookup) PageURL(spaceKey, title string) (string, bool) {
	space := l.space
	if spaceKey != "" {
		space, _ = l.wiki.Space(spaceKey)
	}
	for _, p := range l.wiki.Pages() {
		if p.SpaceID == space.ID && p.Status == confluence.Current && p.Title == title {
			return l.pageURL(p), true
		}
	}
	return "", false
}
