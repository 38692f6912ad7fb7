// Package view is what people see of a sandbox site in a browser: its pages as Confluence would show them, its issues as Jira
// would, and a home page with what happened lately. Every page follows changes while it is open. Who looks is chosen freely:
// this is a sandbox, and nobody signs in.
package view

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/jira"
	"github.com/throughline/throughline/app/sandbox/site"
)

// View serves the site's pages. It is an http.Handler for everything that is no REST call.
type View struct {
	site    site.Site
	wiki    *confluence.Confluence
	tracker *jira.Jira
	live    *hub
	pages   map[string]*template.Template
	static  map[string]asset
	handler http.Handler
}

type asset struct {
	content []byte
	kind    string
	etag    string
}

//go:embed templates/*.html static
var files embed.FS

// New returns the view of a site's two products.
func New(s site.Site, wiki *confluence.Confluence, tracker *jira.Jira) (*View, error) {
	v := &View{site: s, wiki: wiki, tracker: tracker, live: newHub(), pages: map[string]*template.Template{}, static: map[string]asset{}}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		page := strings.TrimSuffix(strings.TrimPrefix(name, "templates/"), ".html")
		t, err := template.New("base.html").Funcs(v.funcs()).ParseFS(files, "templates/base.html", name)
		if err != nil {
			return nil, fmt.Errorf("read the template of the %s page: %w", page, err)
		}
		v.pages[page] = t
	}
	if err := v.readStatic(); err != nil {
		return nil, err
	}
	// A form of another site must not act here: the browser says where a request comes from.
	v.handler = guarded(http.NewCrossOriginProtection().Handler(v.routes()))
	return v, nil
}

// ServeHTTP answers a browser.
func (v *View) ServeHTTP(w http.ResponseWriter, r *http.Request) { v.handler.ServeHTTP(w, r) }

// Changed tells every open page that something it may show has changed. It never waits.
func (v *View) Changed() { v.live.tell() }

// Close ends the streams of all open pages, so that a server can shut down.
func (v *View) Close() { v.live.close() }

func (v *View) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, show := range map[string]func(*http.Request) (*answer, error){
		"GET /{$}":                                  v.home,
		"GET /wiki/spaces/{key}":                    v.space,
		"GET /wiki/spaces/{key}/overview":           v.space,
		"GET /wiki/spaces/{key}/pages/{id}":         v.page,
		"GET /wiki/spaces/{key}/pages/{id}/{title}": v.page,
		"GET /wiki/pages/new":                       v.newPage,
		"POST /wiki/pages/new":                      v.createPage,
		"GET /wiki/pages/{id}":                      v.pageByID,
		"GET /wiki/x/{id}":                          v.pageByID,
		"GET /wiki/pages/{id}/edit":                 v.editPage,
		"POST /wiki/pages/{id}/edit":                v.savePage,
		"GET /wiki/pages/{id}/history":              v.history,
		"GET /wiki/pages/{id}/versions/{number}":    v.version,
		"POST /wiki/pages/{id}/labels":              v.setLabels,
		"POST /wiki/pages/{id}/trash":               v.trashPage,
		"POST /wiki/pages/{id}/restore":             v.restorePage,
		"POST /wiki/pages/{id}/delete":              v.deletePage,
		"GET /projects/{key}":                       v.project,
		"GET /browse/{key}":                         v.browse,
		"POST /browse/{key}/transition":             v.transition,
		"POST /browse/{key}/assignee":               v.assign,
		"POST /browse/{key}/duedate":                v.setDueDate,
		"POST /browse/{key}/comment":                v.comment,
		"POST /browse/{key}/attachments":            v.attach,
		"POST /browse/{key}/attachments/{id}":       v.detach,
		"POST /browse/{key}/security":               v.restrict,
		"POST /browse/{key}/move":                   v.move,
		"POST /browse/{key}/comment/{id}":           v.changeComment,
		"GET /":                                     v.nothing,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { v.serve(w, r, show) })
	}
	mux.Handle("GET /wiki", http.RedirectHandler("/", http.StatusFound))
	mux.Handle("GET /wiki/{$}", http.RedirectHandler("/", http.StatusFound))
	mux.HandleFunc("POST /-/actor", v.setActor)
	mux.HandleFunc("GET /-/live", v.stream)
	mux.HandleFunc("GET /secure/attachment/{id}/{name}", v.download)
	mux.HandleFunc("GET /-/static/{name}", v.asset)
	return mux
}

// answer is what a handler wants shown, or where it wants the browser to go.
type answer struct {
	status   int // 200 where zero
	template string
	title    string
	place    string // what of the site is marked as the current place: "home", a space's or a project's key
	data     any
	goTo     string
}

func show(template, title, place string, data any) *answer {
	return &answer{template: template, title: title, place: place, data: data}
}

func goTo(path string) *answer { return &answer{goTo: path} }

// frame is what the base template shows around a page's own data.
type frame struct {
	Title    string
	Place    string
	Path     string
	Actor    site.User
	People   []site.User
	Spaces   []confluence.Space
	Projects []jira.Project
	Data     any
}

func (v *View) serve(w http.ResponseWriter, r *http.Request, handle func(*http.Request) (*answer, error)) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	a, err := handle(r)
	if err != nil {
		a = v.failure(err)
	}
	if a.goTo != "" {
		http.Redirect(w, r, a.goTo, http.StatusSeeOther)
		return
	}
	var out bytes.Buffer
	f := frame{
		Title: a.title, Place: a.place, Path: r.URL.RequestURI(), Actor: v.actor(r), People: v.people(),
		Spaces: v.wiki.Spaces(), Projects: v.tracker.Projects(), Data: a.data,
	}
	if r.Method != http.MethodGet {
		f.Path = "/"
	}
	if err := v.pages[a.template].Execute(&out, f); err != nil {
		http.Error(w, "The page could not be shown: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Cookie")
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	// A browser that has gone away needs no answer.
	_, _ = out.WriteTo(w)
}

// maxForm is the largest form, in bytes: a page's body, encoded.
const maxForm = 16 << 20

// guarded sets what keeps a page from running or loading anything that isn't the site's own.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "+
			"font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

func (v *View) readStatic() error {
	kinds := map[string]string{"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
	return fs.WalkDir(files, "static", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		name := strings.TrimPrefix(path, "static/")
		v.static[name] = asset{content, kinds[name[strings.LastIndex(name, ".")+1:]], `"` + hex.EncodeToString(sum[:8]) + `"`}
		return nil
	})
}

func (v *View) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := v.static[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("ETag", a.etag)
	w.Header().Set("Cache-Control", "no-cache")
	if r.Header.Get("If-None-Match") == a.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(a.content)
}
