package jira

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/sandbox/jql"
)

// canonical is a field's name where JQL has several for it.
func canonical(name string) string {
	switch name {
	case "issuekey", "id", "issue":
		return "key"
	case "label":
		return "labels"
	case "type":
		return "issuetype"
	case "component":
		return "components"
	case "createddate":
		return "created"
	case "updateddate":
		return "updated"
	case "resolutiondate":
		return "resolved"
	case "due":
		return "duedate"
	}
	return name
}

// reader returns how a field is read from an issue: as texts that resolve gives too.
func (m matcher) reader(name string) (func(*record) []string, bool) {
	one := func(get func(*record) string) (func(*record) []string, bool) {
		return func(r *record) []string {
			if s := get(r); s != "" {
				return []string{s}
			}
			return nil
		}, true
	}
	switch name {
	case "project":
		return one(func(r *record) string { return r.Project })
	case "key":
		return one(func(r *record) string { return r.Key })
	case "parent":
		return one(func(r *record) string { return r.Parent })
	case "labels":
		return func(r *record) []string { return r.Labels }, true
	case "components":
		return func(r *record) []string { return r.Components }, true
	case "status":
		return func(r *record) []string { s, _ := findStatus(r.Status); return []string{s.ID, s.Name} }, true
	case "statuscategory":
		return one(func(r *record) string { s, _ := findStatus(r.Status); return s.Category })
	case "assignee":
		return one(func(r *record) string { return r.Assignee })
	case "reporter":
		return one(func(r *record) string { return r.Reporter })
	case "creator":
		return one(func(r *record) string { return r.Creator })
	case "issuetype":
		return func(r *record) []string { t, _ := findType(r.Type); return []string{t.ID, t.Name} }, true
	case "priority":
		return one(func(r *record) string { return r.Priority })
	case "resolution":
		return one(func(r *record) string { return r.Resolution })
	}
	return nil, false
}

// resolve turns what a query says into what reader reads: names into ids. It is false where Jira refuses a value that does not exist.
func (m matcher) resolve(name, text string) (string, bool) {
	switch name {
	case "project":
		for _, p := range m.j.projects {
			if p.ID == text || strings.EqualFold(p.Key, text) || strings.EqualFold(p.Name, text) {
				return p.Key, true
			}
		}
		return "", false
	case "key", "parent":
		if r, ok := m.j.get(text); ok && (m.caller == "" || m.j.sees(m.caller, r)) {
			return r.Key, true
		}
		return text, strings.Contains(text, "-") // a key that is gone matches nothing
	case "status":
		s, ok := findStatus(text)
		return said(s.ID, s.Name, text), ok
	case "statuscategory":
		switch strings.ToLower(text) {
		case "new", "to do", "2":
			return "new", true
		case "indeterminate", "in progress", "4":
			return "indeterminate", true
		case "done", "3":
			return "done", true
		}
		return "", false
	case "issuetype":
		t, ok := findType(text)
		return said(t.ID, t.Name, text), ok
	case "priority":
		p, ok := findNamed(priorities(), text)
		return p.ID, ok
	case "resolution":
		r, ok := findNamed(resolutions(), text)
		return r.ID, ok
	case "components":
		for _, p := range m.j.projects {
			if c, ok := p.component(text); ok {
				return c.ID, true
			}
		}
		return "", false
	case "assignee", "reporter", "creator":
		for _, u := range m.j.site.Users() {
			if u.AccountID == text || strings.EqualFold(u.Name, text) || strings.EqualFold(u.Email, text) {
				return u.AccountID, true
			}
		}
		return text, true // a former user
	}
	return text, true
}

// said is the id or the name of what a query names, whichever it named: a name means all that bear it, and team-managed projects
// have statuses and issue types of the same names.
func said(id, name, text string) string {
	if text == id {
		return id
	}
	return name
}

// values resolves functions and the word that stands for unresolved.
func (m matcher) values(c jql.Clause) ([]jql.Value, []string) {
	out := slices.Clone(c.Values)
	for i, v := range out {
		switch v.Func {
		case "":
			if c.Field.Name == "resolution" && strings.EqualFold(v.Text, "unresolved") {
				out[i] = jql.Value{Empty: true}
			}
		case "currentuser":
			out[i] = jql.Value{Text: m.caller}
		default:
			at, ok := m.instant(v)
			if !ok {
				return nil, []string{fmt.Sprintf("Unable to find JQL function '%s(%s)'.", v.Func, strings.Join(v.Args, ", "))}
			}
			out[i] = jql.Value{Text: at.Format(time.RFC3339Nano)}
		}
	}
	return out, nil
}

// instant computes now(), startOfDay() and its like, with an offset such as "-1d" or "-1" (of the function's own unit).
func (m matcher) instant(v jql.Value) (time.Time, bool) {
	day := m.now.Truncate(24 * time.Hour)
	from, unit := m.now, ""
	switch v.Func {
	case "now":
	case "startofday", "endofday":
		from, unit = day, "d"
	case "startofweek", "endofweek":
		from, unit = day.AddDate(0, 0, -int(day.Weekday())), "w"
	case "startofmonth", "endofmonth":
		from, unit = day.AddDate(0, 0, 1-day.Day()), "M"
	case "startofyear", "endofyear":
		from, unit = time.Date(day.Year(), 1, 1, 0, 0, 0, 0, time.UTC), "y"
	default:
		return time.Time{}, false
	}
	if strings.HasPrefix(v.Func, "endof") {
		from, _ = shift(from, "1"+unit)
		from = from.Add(-time.Millisecond)
	}
	if len(v.Args) == 0 {
		return from, true
	}
	offset := v.Args[0]
	if _, err := strconv.Atoi(offset); err == nil {
		offset += unit
	}
	return shift(from, offset)
}

// shift moves a time by an offset such as -5m, 2h, -1d, 1w, 1M, 1y.
func shift(t time.Time, offset string) (time.Time, bool) {
	if len(offset) < 2 {
		return t, false
	}
	n, err := strconv.Atoi(strings.TrimPrefix(offset[:len(offset)-1], "+"))
	if err != nil || n > 1e6 || n < -1e6 {
		return t, false
	}
	switch offset[len(offset)-1] {
	case 'm':
		return t.Add(time.Duration(n) * time.Minute), true
	case 'h':
		return t.Add(time.Duration(n) * time.Hour), true
	case 'd':
		return t.AddDate(0, 0, n), true
	case 'w':
		return t.AddDate(0, 0, 7*n), true
	case 'M':
		return t.AddDate(0, n, 0), true
	case 'y':
		return t.AddDate(n, 0, 0), true
	}
	return t, false
}

// date compiles a comparison of a time. Queries are in UTC.
func (m matcher) date(c jql.Clause, name string, values []jql.Value) (test, []string) {
	read := func(r *record) time.Time {
		switch name {
		case "created":
			return r.Created
		case "updated":
			return r.Updated
		case "resolved":
			return r.Resolved
		default:
			due, _ := time.Parse(time.DateOnly, r.DueDate) // zero without one
			return due
		}
	}
	var at []time.Time
	for _, v := range values {
		if v.Empty {
			at = append(at, time.Time{})
			continue
		}
		t, ok := m.when(v.Text)
		if !ok {
			return nil, []string{fmt.Sprintf("Date value '%s' for field '%s' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.", v.Text, c.Field)}
		}
		at = append(at, t)
	}
	switch c.Op {
	case "=", "in", "is":
		return func(r *record) bool { return slices.ContainsFunc(at, read(r).Equal) }, nil
	case "!=", "not in", "is not":
		return func(r *record) bool { t := read(r); return !t.IsZero() && !slices.ContainsFunc(at, t.Equal) }, nil
	case "~", "!~":
		return nil, []string{fmt.Sprintf("The operator '%s' is not supported by the '%s' field.", c.Op, c.Field)}
	}
	return func(r *record) bool { t := read(r); return !t.IsZero() && ordered(t.Compare(at[0]), c.Op) }, nil
}

func (m matcher) when(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04", "2006/01/02 15:04", "2006-01-02", "2006/01/02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) > 8 {
		return time.UnixMilli(ms).UTC(), true
	}
	t, ok := m.now, false
	sign := ""
	for part := range strings.FieldsSeq(s) { // "-4w 2d" takes both away
		if strings.HasPrefix(part, "-") {
			sign = "-"
		} else if sign != "" {
			part = sign + part
		}
		if t, ok = shift(t, part); !ok {
			return t, false
		}
	}
	return t, ok
}
