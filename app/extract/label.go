package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract/lexicon"
)

const longestLabel = 48 // bytes; what is longer is a sentence with a colon in it

// parts splits a block at its labels: at its start in bold or plain ("**Threat:** …", "Risk - …"), and wherever a line or
// sentence begins with a known one ("… Mitigation: …").
func parts(lex *lexicon.Lexicon, b *Block) []Part {
	text := b.Flat.Text
	first := lead(lex, b)
	out := []Part{first}
	for i := first.Start; i < len(text); i++ {
		colon := strings.IndexByte(text[i:], ':')
		if colon < 0 {
			break
		}
		i += colon
		from, role := labelBefore(lex, text, out[len(out)-1].Start, i)
		if role == lexicon.None {
			continue
		}
		out[len(out)-1].End = from
		out = append(out, Part{Role: role, Label: text[from:i], From: from, Start: skip(text, i+1), End: len(text)})
	}
	if len(out) == 2 && out[0].Role == lexicon.None && strings.TrimSpace(text[out[0].Start:out[0].End]) == "" {
		out = out[1:]
	}
	markNodes(b, b.Node)
	return out
}

// lead reads the label at the start of a block, if there is one.
func lead(lex *lexicon.Lexicon, b *Block) Part {
	text := b.Flat.Text
	whole := Part{End: len(text)}
	if b.Strong > 0 && b.Strong < len(text) || b.Strong == len(text) && strings.HasSuffix(text, ":") {
		label := strings.TrimSpace(text[:b.Strong])
		rest := text[b.Strong:]
		bare := strings.TrimRight(label, ":.-–— ")
		if len(bare) <= longestLabel {
			sep := len(bare) < len(label) || separates(rest) > 0
			if role := lex.Role(bare); role != lexicon.None && (sep || rest == "") {
				return Part{Role: role, Label: bare, Start: skip(text, b.Strong+separates(rest)), End: len(text)}
			}
		}
	}
	if i := strings.IndexByte(text, ':'); i > 0 && i <= longestLabel && !strings.HasPrefix(text[i:], "://") {
		label := strings.TrimSpace(text[:i])
		if role := lex.Role(label); role != lexicon.None && capital(label) {
			return Part{Role: role, Label: label, Start: skip(text, i+1), End: len(text)}
		}
	}
	for _, dash := range []string{" - ", " – ", " — "} {
		if i := strings.Index(text, dash); i > 0 && i <= 24 {
			role := lex.Role(text[:i])
			if role == lexicon.Threat || role == lexicon.Mitigation || role == lexicon.Owner || role == lexicon.Status || role == lexicon.Severity {
				return Part{Role: role, Label: text[:i], Start: i + len(dash), End: len(text)}
			}
		}
	}
	return whole
}

// separates is the length of the separator that s begins with: ":", ".", " - ".
func separates(s string) int {
	t := strings.TrimLeft(s, " ")
	for _, sep := range []string{":", ".", "- ", "– ", "— "} {
		if strings.HasPrefix(t, sep) {
			return len(s) - len(t) + len(sep)
		}
	}
	return 0
}

// labelBefore reads the label that ends at a colon inside a text: up to three words that begin a line or a sentence, or a
// capitalised word that names one of the few roles that stand so.
func labelBefore(lex *lexicon.Lexicon, text string, from, colon int) (start int, role lexicon.Role) {
	if colon == 0 || !lex.Ends(text[strings.LastIndexAny(text[:colon], " \n\t(")+1:colon]) {
		return 0, lexicon.None
	}
	best := -1
	start = colon
	for n := 0; n < 3; n++ {
		k := strings.LastIndexAny(text[from:start], " \n\t(")
		word := from
		if k >= 0 {
			word = from + k + 1
		}
		if word >= start || word < from {
			break
		}
		label := text[word:colon]
		if r := lex.Role(label); r != lexicon.None && capital(label) && (begins(text, word) || inline(r) && n == 0) {
			best, role = word, r
		}
		if k < 0 || begins(text, word) {
			break
		}
		start = word - 1
	}
	if best < 0 {
		return 0, lexicon.None
	}
	return best, role
}

// inline reports whether a role's label may stand in the middle of a line.
func inline(r lexicon.Role) bool {
	switch r {
	case lexicon.Mitigation, lexicon.Threat, lexicon.Owner, lexicon.Status, lexicon.Severity, lexicon.Likelihood, lexicon.Impact, lexicon.Ticket:
		return true
	}
	return false
}

// begins reports whether a line or a sentence begins at i.
func begins(text string, i int) bool {
	t := strings.TrimRight(text[:i], " ")
	return t == "" || strings.HasSuffix(text[:i], "\n") || strings.IndexByte(".;!?\n\t|(", t[len(t)-1]) >= 0 || len(t) < i-1
}

func capital(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r) || unicode.IsDigit(r)
}

func skip(text string, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\n' || text[i] == ':') {
		i++
	}
	return i
}

// markNodes collects what names people, tickets, states and dates in a block.
func markNodes(b *Block, n *document.Node) {
	for _, c := range n.Children {
		switch c.Kind {
		case document.Mention, document.Ticket, document.Status, document.Date:
			b.Marks = append(b.Marks, c)
		case document.Strong, document.Emphasis, document.Link, document.Strike, document.Macro:
			markNodes(b, c)
		}
	}
}
