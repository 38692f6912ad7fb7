package confluence

import (
	"encoding/xml"
	"strings"
)

// Text is what a reader sees of a body, in one line. Of a body that is not well-formed it is what comes before the fault.
func Text(body string) string {
	d := xml.NewDecoder(strings.NewReader(body))
	d.Entity = xml.HTMLEntity
	var b strings.Builder
	hidden := 0 // how many elements that readers don't see are open
	for {
		token, err := d.Token()
		if err != nil {
			return strings.Join(strings.Fields(b.String()), " ")
		}
		switch t := token.(type) {
		case xml.StartElement:
			if hidden > 0 || t.Name.Space == "ac" && t.Name.Local == "parameter" {
				hidden++
			}
			if !inline(t.Name.Local) {
				b.WriteByte(' ')
			}
		case xml.EndElement:
			hidden = max(0, hidden-1)
			if !inline(t.Name.Local) {
				b.WriteByte(' ')
			}
		case xml.CharData:
			if hidden == 0 {
				b.Write(t)
			}
		}
	}
}

func inline(element string) bool {
	switch element {
	case "strong", "b", "em", "i", "u", "s", "del", "code", "span", "a", "sub", "sup", "inline-comment-marker", "link-body":
		return true
	}
	return false
}
