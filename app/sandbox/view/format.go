package view

import (
	"hash/fnv"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/throughline/throughline/app/sandbox/view/body"
)

func (v *View) funcs() template.FuncMap {
	return template.FuncMap{
		"name":     v.name,
		"when":     v.when,
		"iso":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"initials": initials,
		"hue":      hue,
		"lozenge":  body.Category,
		"join":     strings.Join,
		"pageURL":  v.pageURL,
		"plural":   plural,
		"bytes":    size,
	}
}

// when is a time as readers like it: the time alone for today, the date as well for older ones. Always UTC, and said so.
func (v *View) when(t time.Time) string {
	t, now := t.UTC(), v.site.Now().UTC()
	switch {
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return "today, " + t.Format("15:04:05") + " UTC"
	case t.Year() == now.Year():
		return t.Format("2 Jan, 15:04") + " UTC"
	}
	return t.Format("2 Jan 2006, 15:04") + " UTC"
}

func initials(name string) string {
	var out []rune
	for _, word := range strings.Fields(name) {
		r, _ := utf8.DecodeRuneInString(word)
		out = append(out, r)
	}
	if len(out) > 2 {
		out = []rune{out[0], out[len(out)-1]}
	}
	return strings.ToUpper(string(out))
}

// hue is the class of an avatar's colour: the same for the same name.
func hue(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	return "hue-" + strconv.Itoa(int(h.Sum32()%7))
}

// size is how large a file is, as people say it.
func size(n int) string {
	switch {
	case n < 1<<10:
		return plural(n, "byte", "bytes")
	case n < 1<<20:
		return strconv.Itoa((n+1<<9)>>10) + " KB"
	}
	return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MB"
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
