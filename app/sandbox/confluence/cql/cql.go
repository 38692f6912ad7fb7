// Package cql understands the part of the Confluence Query Language by which pages are found: the fields id, content, type,
// space, title, text, label, creator, contributor, created, lastmodified, ancestor and parent; =, !=, ~, !~, <, <=, >, >=, IN and
// NOT IN; AND, OR, NOT and brackets; ORDER BY; dates as strings, now(), startOfDay() and their relatives, and currentUser().
//
// As in Confluence Cloud, a date string knows no seconds, and is read in the time zone of the asking user, which in the sandbox is
// UTC. Who asks for what came after a minute has to ask for >= that minute.
package cql

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Item is what a query is asked about.
type Item struct {
	ID           string
	Type         string // "page"
	SpaceKey     string
	SpaceType    string // "global"
	SpaceTitle   string
	Title        string
	Text         func() string // what a reader sees; asked only by queries about text
	Labels       []string
	Creator      string
	Contributors []string
	Created      time.Time
	LastModified time.Time
	Ancestors    []string // ids, the parent last
}

// Env is what the functions of a query are computed from.
type Env struct {
	Now  time.Time // UTC
	User string    // account id of who asks
}

// Query is a parsed query.
type Query struct {
	where expr // nil: everything
	order []order
}

type order struct {
	field string
	desc  bool
}

// Match reports whether the query selects item.
func (q Query) Match(item Item, env Env) bool {
	return q.where == nil || q.where.match(item, env)
}

// Sort orders items as the query says; what it leaves open stays in the order given.
func (q Query) Sort(items []Item) {
	slices.SortStableFunc(items, func(a, b Item) int {
		for _, o := range q.order {
			n := compare(o.field, a, b)
			if o.desc {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	})
}

func compare(field string, a, b Item) int {
	switch field {
	case "created":
		return a.Created.Compare(b.Created)
	case "lastmodified":
		return a.LastModified.Compare(b.LastModified)
	case "id", "content":
		if n := len(a.ID) - len(b.ID); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	case "space":
		return strings.Compare(a.SpaceKey, b.SpaceKey)
	case "type":
		return strings.Compare(a.Type, b.Type)
	case "creator":
		return strings.Compare(a.Creator, b.Creator)
	}
	return strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title))
}

type expr interface{ match(Item, Env) bool }

type (
	and  []expr
	or   []expr
	not  struct{ expr }
	test struct {
		field  string
		op     string // = ~ < <= > >=
		values []value
	}
)

// value is a literal or a function call.
type value struct {
	text string
	call string // "now", "currentuser", …; empty for a literal
	off  offset // of a date function
}

func (e and) match(item Item, env Env) bool {
	return !slices.ContainsFunc(e, func(x expr) bool { return !x.match(item, env) })
}

func (e or) match(item Item, env Env) bool {
	return slices.ContainsFunc(e, func(x expr) bool { return x.match(item, env) })
}

func (e not) match(item Item, env Env) bool { return !e.expr.match(item, env) }

func (t test) match(item Item, env Env) bool {
	return slices.ContainsFunc(t.values, func(v value) bool { return t.holds(item, v, env) })
}

func (t test) holds(item Item, v value, env Env) bool {
	want := v.text
	if v.call == "currentuser" {
		want = env.User
	}
	switch t.field {
	case "id", "content":
		return item.ID == want
	case "type":
		return strings.EqualFold(item.Type, want)
	case "space", "space.key":
		return strings.EqualFold(item.SpaceKey, want)
	case "space.type":
		return strings.EqualFold(item.SpaceType, want)
	case "space.title":
		return t.textual(item.SpaceTitle, want)
	case "label":
		return slices.ContainsFunc(item.Labels, func(l string) bool { return strings.EqualFold(l, want) })
	case "creator":
		return item.Creator == want
	case "contributor":
		return slices.Contains(item.Contributors, want)
	case "ancestor":
		return slices.Contains(item.Ancestors, want)
	case "parent":
		return len(item.Ancestors) > 0 && item.Ancestors[len(item.Ancestors)-1] == want
	case "title":
		return t.textual(item.Title, want)
	case "text":
		return contains(item.Title+" "+item.Text(), want)
	case "created":
		return t.when(item.Created, v, env)
	case "lastmodified":
		return t.when(item.LastModified, v, env)
	}
	return false
}

func (t test) textual(have, want string) bool {
	if t.op == "~" {
		return contains(have, want)
	}
	return strings.EqualFold(have, want)
}

// contains is the index's idea of ~: every word of want is a word of have; a * at a word's end stands for any ending, and
// words in quotes must follow each other.
func contains(have, want string) bool {
	words := fields(have)
	if phrase, ok := strings.CutPrefix(want, `"`); ok {
		return strings.Contains(" "+strings.Join(words, " ")+" ", " "+strings.Join(fields(strings.TrimSuffix(phrase, `"`)), " ")+" ")
	}
	for w := range strings.FieldsSeq(strings.ToLower(want)) {
		stem, open := strings.CutSuffix(w, "*")
		parts := fields(stem)
		for i, part := range parts {
			prefix := open && i == len(parts)-1
			if !slices.ContainsFunc(words, func(h string) bool { return h == part || prefix && strings.HasPrefix(h, part) }) {
				return false
			}
		}
	}
	return strings.TrimSpace(want) != ""
}

func fields(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !letterOrDigit(r) })
}

// SyntaxError is a query that can't be understood.
type SyntaxError struct {
	Query   string
	Problem string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("Could not parse cql : %s: %s", e.Query, e.Problem)
}
