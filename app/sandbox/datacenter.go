package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/host"
	"github.com/throughline/throughline/app/sandbox/jira"
	"github.com/throughline/throughline/app/sandbox/site"
)

// A site of Data Center is two products that know of each other only by a link: here Jira has a context path, and Confluence an
// address of its own without one. They hold the same state as a Cloud site, and people look at it on the same pages.

// edition is which of Atlassian's editions the site plays, and where its products are.
type edition struct {
	dataCenter       bool
	jira, confluence string // base URLs on Data Center; empty on Cloud: the site's
}

// jiraContext is the path below which Jira lives on Data Center.
const jiraContext = "/jira"

// settle decides which edition the site plays. A folder that keeps one is not opened as the other: its pages name people otherwise.
func (s *Sandbox) settle(dataCenter bool) error {
	name := func(dc bool) string {
		if dc {
			return "datacenter"
		}
		return "cloud"
	}
	kept := name(dataCenter)
	if _, err := s.keeper.Load("edition", &kept); err != nil {
		return fmt.Errorf("the sandbox's edition: %w", err)
	}
	if kept != name(dataCenter) {
		return fmt.Errorf("the folder keeps a site of the edition %s: open it as that, or name another folder", kept)
	}
	s.edition.dataCenter = dataCenter
	return s.keeper.Keep("edition", kept)
}

// at is the site as a product sees it that has an address of its own.
func (s *Sandbox) at(base string) seam { return seam{s, base} }

func (s *Sandbox) openJira() (*jira.Jira, error) {
	if s.edition.dataCenter {
		return jira.NewDataCenter(s.at(s.edition.jira), jira.Demo())
	}
	return jira.New(seam{s: s}, jira.Demo())
}

// JiraURL is Jira's base URL, without a trailing slash.
func (s *Sandbox) JiraURL() string {
	if s.edition.dataCenter {
		return s.edition.jira
	}
	return s.base
}

// ConfluenceURL is Confluence's base URL, without a trailing slash.
func (s *Sandbox) ConfluenceURL() string {
	if s.edition.dataCenter {
		return s.edition.confluence
	}
	return s.base + "/wiki"
}

// DataCenter reports whether the site plays Data Center.
func (s *Sandbox) DataCenter() bool { return s.edition.dataCenter }

// Account is how the products name a person of the site to their clients: by account id on Cloud, by username on Data Center.
func (s *Sandbox) Account(accountID string) string {
	if u, ok := s.people.user(accountID); ok && s.edition.dataCenter {
		return u.Username()
	}
	return accountID
}

// Body writes a page's body, which names people by account id, as the site's edition keeps it.
func (s *Sandbox) Body(source string) string {
	if s.edition.dataCenter {
		return confluence.ForDataCenter(source, site.People())
	}
	return source
}

// dcAuthenticate tells who makes a request to a product of Data Center: by a personal access token that this product made.
func (s *Sandbox) dcAuthenticate(product string, r *http.Request) (caller site.User, scopes []string, name string, err error) {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return site.User{}, nil, "", errors.New("the request carries no personal access token as Bearer")
	}
	caller, ok := s.people.bearer(product, token)
	if !ok {
		return site.User{}, nil, "", fmt.Errorf("the personal access token is not one that %s made for an active account", product)
	}
	return caller, nil, "", nil
}

// dcJira serves Jira below its context path. Links that people follow lead to the site's pages.
func (s *Sandbox) dcJira(mux *http.ServeMux) {
	mux.Handle(jiraContext+"/rest/", http.StripPrefix(jiraContext, s.rest(host.Jira, s.jira)))
	mux.HandleFunc("GET "+jiraContext+"/browse/{key}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/browse/"+r.PathValue("key"), http.StatusFound)
	})
	mux.HandleFunc("GET "+jiraContext+"/secure/attachment/{id}/{name}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.TrimPrefix(r.URL.EscapedPath(), jiraContext), http.StatusFound)
	})
	mux.Handle("GET "+jiraContext+"/{$}", http.RedirectHandler("/", http.StatusFound))
}

// dcConfluence serves Confluence at its own address.
func (s *Sandbox) dcConfluence() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/rest/", s.rest(host.Confluence, s.confluence))
	mux.HandleFunc("GET /pages/viewpage.action", func(w http.ResponseWriter, r *http.Request) {
		page, ok := s.confluence.Page(r.URL.Query().Get("pageId"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.Redirect(w, r, s.base+"/wiki/pages/"+page.ID, http.StatusFound)
	})
	mux.Handle("GET /{$}", http.RedirectHandler(s.base+"/", http.StatusFound))
	return guard(mux)
}
