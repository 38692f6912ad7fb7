package body

import "strings"

func (r *renderer) macro(n *node) {
	name := n.attr["ac:name"]
	switch name {
	case "info", "note", "warning", "tip", "panel", "success", "error":
		r.panel(n, name)
	case "expand":
		r.f(`<details class="expand"><summary>%s</summary><div>`, or(n.param("title"), "Click here to expand…"))
		r.body(n)
		r.WriteString("</div></details>")
	case "status":
		r.f(`<span class="lozenge %s">%s</span>`, colour(n.param("colour")+n.param("color")), n.param("title"))
	case "code", "noformat":
		r.code(n)
	case "toc":
		if r.contents++; r.contents <= maxContents {
			r.tableOfContents(n)
		}
	case "jira":
		if key := n.param("key"); key != "" {
			r.chip(key)
		} else {
			r.f(`<span class="macro-inline">Jira issues: %s</span>`, or(n.param("jqlQuery"), "a query"))
		}
	case "details":
		r.f(`<section class="properties" data-details="%s">`, n.param("id"))
		r.body(n)
		r.WriteString("</section>")
	case "excerpt", "section", "column", "div", "span":
		r.body(n)
	case "anchor":
		r.f(`<a id="%s"></a>`, n.param(""))
	default:
		r.unknown(n, name)
	}
}

// body renders what a macro holds, be it rich or plain.
func (r *renderer) body(n *node) {
	if b := n.first("ac:rich-text-body"); b != nil {
		r.children(b)
	}
	if b := n.first("ac:plain-text-body"); b != nil {
		r.f("<pre>%s</pre>", b.string())
	}
}

func (r *renderer) panel(n *node, kind string) {
	r.f(`<aside class="panel %s">`, kind)
	if title := n.param("title"); title != "" {
		r.f(`<p class="panel-title">%s</p>`, title)
	}
	r.body(n)
	r.WriteString("</aside>")
}

func (r *renderer) code(n *node) {
	r.WriteString(`<figure class="code">`)
	if caption := or(n.param("title"), n.param("language")); caption != "" {
		r.f("<figcaption>%s</figcaption>", caption)
	}
	text := ""
	if b := n.first("ac:plain-text-body"); b != nil {
		text = strings.Trim(b.string(), "\n")
	}
	r.f(`<pre tabindex="0"><code>%s</code></pre></figure>`, text)
}

// maxContents is how many tables of contents a page shows: each is as long as the page has headings.
const maxContents = 3

// tableOfContents lists the headings between the levels that the macro names.
func (r *renderer) tableOfContents(n *node) {
	low, high := level(n.param("minLevel"), 1), level(n.param("maxLevel"), 6)
	r.WriteString(`<nav class="toc" aria-label="Table of contents"><ul>`)
	for _, h := range r.headings {
		if h.level >= low && h.level <= high && h.text != "" {
			r.f(`<li class="%s"><a href="#%s">%s</a></li>`, "level-"+string(rune('0'+h.level)), h.id, h.text)
		}
	}
	r.WriteString("</ul></nav>")
}

func level(s string, fallback int) int {
	if len(s) == 1 && s[0] >= '1' && s[0] <= '6' {
		return int(s[0] - '0')
	}
	return fallback
}

// chip shows an issue with its status of this moment.
func (r *renderer) chip(key string) {
	issue, ok := r.look.Issue(key)
	if !ok {
		r.f(`<span class="chip missing" title="There is no issue with this key, or you may not see it">%s</span>`, key)
		return
	}
	r.f(`<a class="chip" href="/browse/%s" data-issue="%s" title="%s"><span class="chip-key">%s</span> <span class="chip-text">%s</span> `,
		issue.Key, issue.Key, issue.Summary, issue.Key, issue.Summary)
	r.f(`<span class="lozenge %s">%s</span></a>`, Category(issue.Category), issue.Status)
}

// Category is the class of the lozenge of a status category.
func Category(category string) string {
	switch category {
	case "done":
		return "green"
	case "indeterminate":
		return "blue"
	}
	return "grey"
}

// unknown is the box for a macro that the sandbox has no picture of: its name, its parameters, and what it holds.
func (r *renderer) unknown(n *node, name string) {
	r.f(`<div class="macro"><p class="macro-name">Macro <b>%s</b></p>`, name)
	var params []string
	for _, c := range n.children {
		if c.name == "ac:parameter" && c.attr["ac:name"] != "" {
			params = append(params, c.attr["ac:name"]+": "+strings.TrimSpace(c.string()))
		}
	}
	if len(params) > 0 {
		r.f(`<p class="macro-params">%s</p>`, strings.Join(params, " · "))
	}
	r.body(n)
	r.WriteString("</div>")
}

func colour(name string) string {
	switch strings.ToLower(name) {
	case "red":
		return "red"
	case "yellow":
		return "yellow"
	case "green":
		return "green"
	case "blue":
		return "blue"
	case "purple":
		return "purple"
	}
	return "grey"
}
