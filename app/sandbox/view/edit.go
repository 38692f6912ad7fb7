package view

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/throughline/throughline/app/sandbox/confluence"
)

// form is what somebody typed about a page, kept when it can't be saved.
type form struct {
	Page    confluence.Page // zero for a new one
	Space   confluence.Space
	Base    int // the version that the form began with
	Title   string
	Body    string
	Message string
	Labels  string
	Minor   bool
	Problem string
	Current int // the page's version now
}

func (v *View) editPage(r *http.Request) (*answer, error) {
	p, err := v.find(r)
	if err != nil {
		return nil, err
	}
	space, _ := v.wiki.Space(p.SpaceID)
	n := p.Version().Number
	return show("edit", "Edit "+p.Title, space.Key, form{
		Page: p, Space: space, Base: n, Current: n, Title: p.Title, Body: p.Body(),
	}), nil
}

func (v *View) savePage(r *http.Request) (*answer, error) {
	p, err := v.find(r)
	if err != nil {
		return nil, err
	}
	f, err := readForm(r)
	if err != nil {
		return nil, err
	}
	f.Page, f.Current = p, p.Version().Number
	f.Space, _ = v.wiki.Space(p.SpaceID)
	saved, err := v.wiki.Edit(v.actor(r).AccountID, p.ID, confluence.Edit{
		Version: f.Base + 1, Title: f.Title, Body: f.Body, Message: f.Message, Minor: f.Minor,
	})
	if err != nil {
		return v.again(f, err, "Edit "+p.Title)
	}
	return goTo(v.pageURL(saved)), nil
}

func (v *View) newPage(r *http.Request) (*answer, error) {
	space, err := v.spaceOf(r.URL.Query().Get("space"))
	if err != nil {
		return nil, err
	}
	return show("edit", "New page", space.Key, form{Space: space, Body: "<h2>Overview</h2>\n<p></p>", Labels: "threat-model"}), nil
}

func (v *View) createPage(r *http.Request) (*answer, error) {
	f, err := readForm(r)
	if err != nil {
		return nil, err
	}
	if f.Space, err = v.spaceOf(r.PostFormValue("space")); err != nil {
		return nil, err
	}
	made, err := v.wiki.Create(v.actor(r).AccountID, confluence.Draft{
		SpaceID: f.Space.ID, Title: f.Title, Body: f.Body, Message: f.Message, Labels: strings.FieldsFunc(f.Labels, separator),
	})
	if err != nil {
		return v.again(f, err, "New page")
	}
	return goTo(v.pageURL(made)), nil
}

// again shows a form that could not be saved, with what was typed and why.
func (v *View) again(f form, err error, title string) (*answer, error) {
	var refused *confluence.Refusal
	if !errors.As(err, &refused) {
		return nil, err
	}
	f.Problem = refused.Title
	if refused.Status == http.StatusConflict {
		f.Problem = "Somebody saved version " + strconv.Itoa(f.Current) + " while you were editing version " + strconv.Itoa(f.Base) +
			". Your text is kept below. Compare it with the page, take over what is new there, and save again: it will then replace version " +
			strconv.Itoa(f.Current) + "."
		f.Base = f.Current
	}
	a := show("edit", title, f.Space.Key, f)
	a.status = refused.Status
	return a, nil
}

func readForm(r *http.Request) (form, error) {
	if err := r.ParseForm(); err != nil {
		return form{}, &confluence.Refusal{Status: http.StatusBadRequest, Title: "The form could not be read", Detail: err.Error()}
	}
	base, _ := strconv.Atoi(r.PostFormValue("version"))
	return form{
		Base: base, Title: strings.TrimSpace(r.PostFormValue("title")), Message: strings.TrimSpace(r.PostFormValue("message")),
		Labels: r.PostFormValue("labels"), Minor: r.PostFormValue("minor") != "",
		// Browsers send line ends as CR LF; the page keeps those it had.
		Body: strings.ReplaceAll(r.PostFormValue("body"), "\r\n", "\n"),
	}, nil
}

func (v *View) spaceOf(key string) (confluence.Space, error) {
	space, ok := v.wiki.Space(key)
	if !ok || key == "" {
		return confluence.Space{}, missing("There is no space with the key " + key + ".")
	}
	return space, nil
}

func separator(r rune) bool { return r == ' ' || r == ',' || r == ';' }
