package body

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

func (r *renderer) node(n *node) {
	switch n.name {
	case "":
		r.f("%s", n.text)
	case "h1", "h2", "h3", "h4", "h5", "h6":
		id := anchor(n.title(), r.ids)
		r.f(`<%s id="%s">`, n.name, id)
		r.children(n)
		r.f("</%s>", n.name)
	case "p", "ul", "ol", "li", "strong", "b", "em", "i", "u", "s", "del", "ins", "code", "pre", "blockquote", "sub", "sup", "small",
		"dl", "dt", "dd", "tbody", "thead", "tfoot", "tr", "cite", "kbd":
		r.wrap(n, "<"+n.name+">", "</"+n.name+">")
	case "br", "hr":
		r.WriteString("<" + n.name + ">")
	case "table":
		r.table(n)
	case "th", "td":
		r.cell(n)
	case "a":
		r.anchor(n)
	case "time":
		r.date(n.attr["datetime"])
	case "img":
		r.image(n.attr["alt"], n.attr["src"])
	case "col", "colgroup", "script", "style", "ac:parameter", "ac:placeholder":
	case "ac:structured-macro", "ac:macro":
		r.macro(n)
	case "ac:link":
		r.link(n)
	case "ac:image":
		r.pageImage(n)
	case "ac:task-list":
		r.wrap(n, `<ul class="tasks">`, "</ul>")
	case "ac:task":
		r.task(n)
	case "ac:layout":
		r.wrap(n, `<div class="layout">`, "</div>")
	case "ac:layout-section":
		r.f(`<div class="section %s">`, layoutClass(n.attr["ac:type"]))
		r.children(n)
		r.WriteString("</div>")
	case "ac:layout-cell":
		r.wrap(n, `<div class="column">`, "</div>")
	case "ac:emoticon":
		r.f(`<span class="emoticon" role="img" aria-label="%s">%s</span>`, n.attr["ac:name"], emoticon(n))
	case "ac:inline-comment-marker":
		r.wrap(n, `<mark title="Somebody commented on this">`, "</mark>")
	case "ac:adf-extension":
		if fallback := n.first("ac:adf-fallback"); fallback != nil {
			r.children(fallback)
		}
	case "ri:user":
		r.mention(person(n))
	default:
		r.children(n)
	}
}

func (r *renderer) wrap(n *node, before, after string) {
	r.WriteString(before)
	r.children(n)
	r.WriteString(after)
}

// table keeps the proportions of the columns that the author set, and lets a wide table scroll by itself.
func (r *renderer) table(n *node) {
	class := "table-wrap"
	if columns(n) > wide {
		class += " wide-table"
	}
	r.f(`<div class="%s" tabindex="0" role="region" aria-label="Table"><table>`, class)
	if group := n.first("colgroup"); group != nil {
		var widths []int
		total := 0
		for _, col := range group.children {
			if col.name == "col" {
				w := pixels(col.attr["style"])
				widths = append(widths, w)
				total += w
			}
		}
		if total > 0 && !slices.Contains(widths, 0) {
			r.WriteString("<colgroup>")
			for _, w := range widths {
				fmt.Fprintf(r, `<col width="%d%%">`, 100*w/total)
			}
			r.WriteString("</colgroup>")
		}
	}
	r.children(n)
	r.WriteString("</table></div>")
}

// wide is how many columns a table may have before its cells are set closer; long is how many characters make a cell one of text,
// which is then not squeezed, and short how many may make one that is not broken.
const (
	wide  = 5
	long  = 48
	short = 8
)

// columns is how many cells the longest row of a table has.
func columns(n *node) int {
	if n.name == "tr" {
		return len(n.children)
	}
	most := 0
	for _, c := range n.children {
		most = max(most, columns(c))
	}
	return most
}

// pixels is the width that a style like "width: 120.0px;" sets; 0 where it sets none.
func pixels(style string) int {
	_, width, _ := strings.Cut(style, "width:")
	width, _, ok := strings.Cut(width, "px")
	w, err := strconv.ParseFloat(strings.TrimSpace(width), 64)
	if !ok || err != nil || !(w >= 1 && w < 10_000) {
		return 0
	}
	return int(w)
}

func (r *renderer) cell(n *node) {
	r.WriteString("<" + n.name)
	if n.name == "td" {
		switch length := utf8.RuneCountInString(strings.TrimSpace(n.string())); {
		case length >= long:
			r.WriteString(` class="long"`)
		case length > 0 && length <= short:
			r.WriteString(` class="short"`)
		}
	}
	for _, span := range []string{"colspan", "rowspan"} {
		if v := n.attr[span]; v != "" && strings.Trim(v, "0123456789") == "" {
			r.WriteString(" " + span + `="` + v + `"`)
		}
	}
	r.WriteString(">")
	r.children(n)
	r.WriteString("</" + n.name + ">")
}

// anchor renders an ordinary link; one that is marked as a card and leads to an issue becomes its chip.
func (r *renderer) anchor(n *node) {
	href := n.attr["href"]
	if n.attr["data-card-appearance"] != "" {
		if key, ok := issueKey(href); ok {
			r.chip(key)
			return
		}
	}
	if !safe(href) {
		r.children(n)
		return
	}
	r.f(`<a href="%s">`, href)
	r.children(n)
	r.WriteString("</a>")
}

// issueKey is the key at the end of an issue's address.
func issueKey(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil {
		return "", false
	}
	_, key, ok := strings.Cut(u.Path, "/browse/")
	return key, ok && key != "" && !strings.Contains(key, "/")
}

// safe reports whether an address may stand in a link.
func safe(address string) bool {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return false
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https", "mailto":
		return true
	}
	return u.Scheme == "" && u.Host == "" && address != ""
}

func (r *renderer) date(iso string) {
	shown := iso
	if t, err := time.Parse(time.DateOnly, iso); err == nil {
		shown = t.Format("2 Jan 2006")
	}
	r.f(`<time class="date" datetime="%s">%s</time>`, iso, shown)
}

func (r *renderer) link(n *node) {
	text := ""
	for _, body := range []string{"ac:link-body", "ac:plain-text-link-body"} {
		if b := n.first(body); b != nil {
			text = strings.TrimSpace(b.string())
		}
	}
	switch {
	case n.first("ri:user") != nil:
		r.mention(person(n.first("ri:user")))
	case n.first("ri:page") != nil:
		page := n.first("ri:page")
		title := page.attr["ri:content-title"]
		if text == "" {
			text = title
		}
		if to, ok := r.look.PageURL(page.attr["ri:space-key"], title); ok {
			r.f(`<a href="%s">%s</a>`, to, text)
		} else {
			r.f(`<span class="missing" title="There is no page called %s">%s</span>`, title, text)
		}
	case n.first("ri:attachment") != nil:
		name := n.first("ri:attachment").attr["ri:filename"]
		if text == "" {
			text = name
		}
		r.f(`<span class="attachment" title="Attachment %s">%s</span>`, name, text)
	case n.attr["ac:anchor"] != "":
		to := n.attr["ac:anchor"]
		if text == "" {
			text = to
		}
		r.f(`<a href="#%s">%s</a>`, to, text)
	default:
		r.f("%s", text)
	}
}

// person is how a mention names somebody: by account id, and on Data Center by user key.
func person(n *node) string {
	if id := n.attr["ri:account-id"]; id != "" {
		return id
	}
	return n.attr["ri:userkey"]
}

func (r *renderer) mention(account string) {
	name, ok := r.look.UserName(account)
	if !ok {
		name = "unknown user"
	}
	r.f(`<span class="mention" data-account="%s">@%s</span>`, account, name)
}

func (r *renderer) pageImage(n *node) {
	switch {
	case n.first("ri:url") != nil:
		r.image(n.attr["ac:alt"], n.first("ri:url").attr["ri:value"])
	case n.first("ri:attachment") != nil:
		r.image(n.attr["ac:alt"], n.first("ri:attachment").attr["ri:filename"])
	}
}

// image names a picture instead of showing it: the sandbox has no attachments and loads nothing from elsewhere.
func (r *renderer) image(alt, source string) {
	r.f(`<span class="image" title="%s"><span aria-hidden="true">▣</span> %s</span>`, source, or(alt, or(source, "Image")))
}

func (r *renderer) task(n *node) {
	class, label := "open", "Open"
	if s := n.first("ac:task-status"); s != nil && strings.TrimSpace(s.string()) == "complete" {
		class, label = "done", "Done"
	}
	r.f(`<li class="%s"><span class="box" role="img" aria-label="%s"></span><div>`, class, label)
	if body := n.first("ac:task-body"); body != nil {
		r.children(body)
	}
	r.WriteString("</div></li>")
}

func layoutClass(kind string) string {
	switch kind {
	case "two_equal", "two_left_sidebar", "two_right_sidebar", "three_equal", "three_with_sidebars", "four_equal", "five_equal":
		return kind
	}
	return "single"
}

func emoticon(n *node) string {
	if s := n.attr["ac:emoji-fallback"]; s != "" && !strings.HasPrefix(s, ":") {
		return s
	}
	switch n.attr["ac:name"] {
	case "smile":
		return "🙂"
	case "sad":
		return "🙁"
	case "thumbs-up":
		return "👍"
	case "thumbs-down":
		return "👎"
	case "tick":
		return "✅"
	case "cross":
		return "❌"
	case "warning":
		return "⚠️"
	case "information":
		return "ℹ️"
	case "question":
		return "❓"
	case "light-on":
		return "💡"
	case "yellow-star":
		return "⭐"
	}
	return or(n.attr["ac:emoji-shortname"], "("+n.attr["ac:name"]+")")
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
