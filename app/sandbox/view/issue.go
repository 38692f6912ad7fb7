package view

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/sandbox/jira"
	"github.com/throughline/throughline/app/sandbox/site"
)

type issueData struct {
	Issue       jira.View
	Transitions []jira.Transition
	Assignable  []site.User
	Properties  []property
	Projects    []jira.Project // that it can be moved to
	Levels      []jira.Level   // that who looks can give it
}

type property struct{ Key, Value string }

func (v *View) browse(r *http.Request) (*answer, error) {
	i, ok := v.tracker.Issue(r.PathValue("key"))
	if !ok {
		return nil, missing("There is no issue " + r.PathValue("key") + ".")
	}
	if !v.tracker.Sees(v.actor(r).AccountID, i.Key) {
		return nil, missing(v.actor(r).Name + " does not see the issue " + i.Key + ": its security level hides it. Choose another of the people above.")
	}
	d := issueData{Issue: i, Transitions: v.tracker.Transitions(i.Key), Assignable: v.tracker.Assignable(i.Key)}
	d.Levels = slices.DeleteFunc(slices.Clone(i.Project.Levels), func(l jira.Level) bool { return !slices.Contains(l.Members, v.actor(r).AccountID) })
	for _, p := range v.tracker.Projects() {
		if p.Key != i.Project.Key {
			d.Projects = append(d.Projects, p)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(i.Properties)) {
		d.Properties = append(d.Properties, property{key, indented(i.Properties[key])})
	}
	return show("issue", i.Key+" "+i.Summary, i.Project.Key, d), nil
}

func indented(raw json.RawMessage) string {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return string(raw)
	}
	out, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return string(raw)
	}
	return string(out)
}

func (v *View) transition(r *http.Request) (*answer, error) {
	return v.issueAct(r, func(actor, key string) error {
		return v.tracker.Transition(actor, key, r.PostFormValue("transition"), r.PostFormValue("resolution"))
	})
}

func (v *View) assign(r *http.Request) (*answer, error) {
	return v.issueAct(r, func(actor, key string) error { return v.tracker.Assign(actor, key, r.PostFormValue("account")) })
}

func (v *View) setDueDate(r *http.Request) (*answer, error) {
	return v.issueAct(r, func(actor, key string) error {
		var due any
		if s := r.PostFormValue("duedate"); s != "" {
			due = s
		}
		return v.tracker.Edit(actor, key, map[string]any{"duedate": due})
	})
}

func (v *View) comment(r *http.Request) (*answer, error) {
	return v.issueAct(r, func(actor, key string) error {
		return v.tracker.Comment(actor, key, v.mentioning(r.PostFormValue("comment")))
	})
}

func (v *View) changeComment(r *http.Request) (*answer, error) {
	return v.issueAct(r, func(actor, key string) error {
		if r.PostFormValue("delete") != "" {
			return v.tracker.DeleteComment(actor, key, r.PathValue("id"))
		}
		return v.tracker.EditComment(actor, key, r.PathValue("id"), v.mentioning(r.PostFormValue("comment")))
	})
}

// mentioning makes mentions of whole names behind an @, as an editor's list of people would.
func (v *View) mentioning(text string) string {
	for _, u := range v.site.Users() {
		text = strings.ReplaceAll(text, "@"+u.Name, "[~accountid:"+u.AccountID+"]")
	}
	return text
}

// issueAct does something with the issue that the path names, and goes back to it.
func (v *View) issueAct(r *http.Request, do func(actor, key string) error) (*answer, error) {
	key := r.PathValue("key")
	if err := do(v.actor(r).AccountID, key); err != nil {
		return nil, err
	}
	return goTo("/browse/" + url.PathEscape(key)), nil
}

// attach adds the file of a form, which a browser sends in parts.
func (v *View) attach(r *http.Request) (*answer, error) {
	return v.issueAct(r, func(actor, key string) error {
		file, header, err := r.FormFile("file")
		if err != nil {
			return fmt.Errorf("reading the file that was sent: %w", err)
		}
		defer file.Close()
		content, err := io.ReadAll(file)
		if err != nil {
			return fmt.Errorf("reading the file that was sent: %w", err)
		}
		return v.tracker.Attach(actor, key, header.Filename, content)
	})
}

func (v *View) detach(r *http.Request) (*answer, error) {
	return v.issueAct(r, func(actor, _ string) error { return v.tracker.Detach(actor, r.PathValue("id")) })
}

// download gives a file as a download, never as a page of this site: whoever attached it may not act for who looks at it.
func (v *View) download(w http.ResponseWriter, r *http.Request) {
	a, content, err := v.tracker.File(v.actor(r).AccountID, r.PathValue("id"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	_, _ = w.Write(content) // the client may be gone
}

// restrict gives the issue a security level, or takes it off.
func (v *View) restrict(r *http.Request) (*answer, error) {
	return v.issueAct(r, func(actor, key string) error {
		var level any
		if s := r.PostFormValue("level"); s != "" {
			level = map[string]string{"id": s}
		}
		return v.tracker.Edit(actor, key, map[string]any{"security": level})
	})
}

// move brings the issue into another project; its former address leads on to it.
func (v *View) move(r *http.Request) (*answer, error) {
	return v.issueAct(r, func(actor, key string) error { return v.tracker.Move(actor, key, r.PostFormValue("project")) })
}

type column struct {
	Name, Category string
	Issues         []jira.View
}

func (v *View) project(r *http.Request) (*answer, error) {
	projects := v.tracker.Projects()
	n := slices.IndexFunc(projects, func(p jira.Project) bool { return p.Key == r.PathValue("key") })
	if n < 0 {
		return nil, missing("There is no project with the key " + r.PathValue("key") + ".")
	}
	d := struct {
		Project jira.Project
		Count   int
		Columns []column
	}{Project: projects[n], Columns: []column{{"To do", "new", nil}, {"In progress", "indeterminate", nil}, {"Done", "done", nil}}}
	for _, i := range v.tracker.Issues() {
		if !v.tracker.Sees(v.actor(r).AccountID, i.Key) {
			continue
		}
		for c := range d.Columns {
			if i.Project.Key == d.Project.Key && i.Status.Category == d.Columns[c].Category {
				d.Columns[c].Issues = append(d.Columns[c].Issues, i)
				d.Count++
			}
		}
	}
	return show("project", d.Project.Name, d.Project.Key, d), nil
}
