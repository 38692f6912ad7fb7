package storage

import (
	"strings"

	"github.com/throughline/throughline/app/document"
)

// Escape writes text so that it reads the same between tags and in attribute values of either quotes. Characters that XML
// does not allow, and bytes that are not UTF-8, become U+FFFD.
func Escape(text string) string {
	clean := true
	for i := 0; i < len(text) && clean; i++ {
		c := text[i]
		clean = c >= ' ' && c < 0x7F && c != '&' && c != '<' && c != '>' && c != '"' && c != '\''
	}
	if clean {
		return text
	}
	var b strings.Builder
	for _, r := range text { // bytes that are not UTF-8 come as U+FFFD
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\'':
			b.WriteString("&#39;")
		case r == '\r': // else read as a line feed
			b.WriteString("&#13;")
		case !document.IsCharacter(r):
			b.WriteRune('\uFFFD')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
