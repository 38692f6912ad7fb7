package view

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/sandbox/site"
)

const actorCookie = "sandbox-actor"

// people are the accounts one can act as.
func (v *View) people() []site.User {
	return slices.DeleteFunc(slices.Clone(v.site.Users()), func(u site.User) bool { return !u.Active || u.Type != "atlassian" })
}

// actor is who the browser acts as: the account of its cookie, else the first.
func (v *View) actor(r *http.Request) site.User {
	people := v.people()
	if c, err := r.Cookie(actorCookie); err == nil {
		id, _ := url.QueryUnescape(c.Value)
		if i := slices.IndexFunc(people, func(u site.User) bool { return u.AccountID == id }); i >= 0 {
			return people[i]
		}
	}
	if len(people) == 0 {
		return site.User{}
	}
	return people[0]
}

func (v *View) setActor(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	id := r.PostFormValue("account")
	if u, ok := v.site.User(id); !ok || !u.Active {
		http.Error(w, "There is no such account.", http.StatusBadRequest)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: actorCookie, Value: url.QueryEscape(id), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, local(r.PostFormValue("back")), http.StatusSeeOther)
}

// local is path where it is one of this site, else the home page.
func local(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) {
		return "/"
	}
	return path
}

// name is how an account reads.
func (v *View) name(id string) string {
	if u, ok := v.site.User(id); ok {
		return u.Name
	}
	return "Former user"
}
