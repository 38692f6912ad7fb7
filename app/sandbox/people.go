package sandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/throughline/throughline/app/sandbox/host"
	"github.com/throughline/throughline/app/sandbox/site"
)

// Credential is what a demo account signs in to the REST interfaces with: on Cloud Basic authentication by e-mail address and API
// token; on Data Center a personal access token as Bearer, of which each product makes its own.
type Credential struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Username string `json:"username"`
	Token    string `json:"token"`
	WikiPAT  string `json:"confluencePat"`
	JiraPAT  string `json:"jiraPat"`
}

// people are the accounts of the site: the demo's, and one for each app.
type people struct {
	keep func(name string, state any) error

	mu    sync.RWMutex
	state accounts
}

type accounts struct {
	Apps   []site.User       `json:"apps"`
	Keys   map[string]string `json:"keys"`   // app key to account id
	Tokens map[string]string `json:"tokens"` // account id to API token
	PATs   map[string]string `json:"pats"`   // product and account id to personal access token
}

func newPeople(s seam) (*people, error) {
	p := &people{keep: s.Keep}
	if _, err := s.Load("people", &p.state); err != nil {
		return nil, fmt.Errorf("loading the site's people: %w", err)
	}
	if p.state.Keys == nil {
		p.state.Keys = map[string]string{}
	}
	if p.state.Tokens == nil {
		p.state.Tokens = map[string]string{}
	}
	if p.state.PATs == nil {
		p.state.PATs = map[string]string{}
	}
	for _, u := range site.People() {
		if p.state.Tokens[u.AccountID] == "" && u.Active {
			p.state.Tokens[u.AccountID] = newToken()
		}
		for _, product := range []string{host.Jira, host.Confluence} {
			if key := product + " " + u.AccountID; p.state.PATs[key] == "" && u.Active {
				p.state.PATs[key] = newPAT()
			}
		}
	}
	return p, p.keep("people", p.state)
}

// newToken looks as Atlassian's API tokens do.
func newToken() string {
	var b [36]byte
	_, _ = rand.Read(b[:]) // never fails
	return "ATATT3x" + base64.RawURLEncoding.EncodeToString(b[:])
}

// newPAT looks as Data Center's personal access tokens do.
func newPAT() string {
	var b [33]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.StdEncoding.EncodeToString(b[:])
}

func (p *people) all() []site.User {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return append(site.People(), p.state.Apps...)
}

func (p *people) user(accountID string) (site.User, bool) {
	all := p.all()
	i := slices.IndexFunc(all, func(u site.User) bool { return u.AccountID == accountID })
	if i < 0 {
		return site.User{}, false
	}
	return all[i], true
}

// join gives an app its account. The account follows from the app's key, so that it is the same after every installation.
func (p *people) join(key, name string) (site.User, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := p.state.Keys[key]
	if i := slices.IndexFunc(p.state.Apps, func(u site.User) bool { return u.AccountID == id }); i >= 0 {
		p.state.Apps = slices.Clone(p.state.Apps)
		p.state.Apps[i].Name = name
		return p.state.Apps[i], p.keep("people", p.state)
	}
	sum := sha256.Sum256([]byte(key))
	h := hex.EncodeToString(sum[:16])
	u := site.User{
		AccountID: "557058:" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], Name: name, Type: "app", Active: true,
	}
	p.state.Keys[key] = u.AccountID
	p.state.Apps = append(slices.Clone(p.state.Apps), u)
	return u, p.keep("people", p.state)
}

// signIn finds the active account with this address and token.
func (p *people) signIn(email, token string) (site.User, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, u := range site.People() {
		if u.Active && strings.EqualFold(u.Email, email) {
			want := p.state.Tokens[u.AccountID]
			return u, subtle.ConstantTimeCompare([]byte(want), []byte(token)) == 1
		}
	}
	return site.User{}, false
}

// bearer finds the active account with this personal access token of a product.
func (p *people) bearer(product, token string) (site.User, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var found site.User
	for _, u := range site.People() {
		want := p.state.PATs[product+" "+u.AccountID]
		if u.Active && want != "" && subtle.ConstantTimeCompare([]byte(want), []byte(token)) == 1 {
			found = u
		}
	}
	return found, found.AccountID != ""
}

// Credentials are what the active demo accounts sign in with, administrator first. They are made when the site
// is, and open nothing but the sandbox.
func (s *Sandbox) Credentials() []Credential {
	s.people.mu.RLock()
	defer s.people.mu.RUnlock()
	var out []Credential
	for _, u := range site.People() {
		if token := s.people.state.Tokens[u.AccountID]; u.Active {
			pats := s.people.state.PATs
			out = append(out, Credential{u.Name, u.Email, u.Username(), token, pats[host.Confluence+" "+u.AccountID], pats[host.Jira+" "+u.AccountID]})
		}
	}
	return out
}
