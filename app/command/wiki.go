package command

import (
	"regexp"
	"strings"
)

// fence opens or closes what a comment quotes or shows as code.
var fence = regexp.MustCompile(`\\?\{(quote|code|noformat)(?::[^}\n]*)?\}`)

// hole stands for what was left out of a line, so that what follows it does not begin the line.
const hole = "\u00a4"

// said are the lines of a comment that its author says, as opposed to what they quote or show as code. A block that is never
// closed hides all that follows: what may be meant as a quotation is no command.
func said(wiki string) []string {
	wiki = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(wiki)
	var b strings.Builder
	block, at := "", 0
	for _, m := range fence.FindAllStringSubmatchIndex(wiki, -1) {
		if wiki[m[0]] == '\\' {
			continue
		}
		kind := wiki[m[2]:m[3]]
		switch block {
		case "":
			b.WriteString(wiki[at:m[0]])
			b.WriteString(hole)
			block = kind
		case kind:
			at, block = m[1], ""
		}
	}
	if block == "" {
		b.WriteString(wiki[at:])
	}
	var out []string
	for _, line := range strings.Split(b.String(), "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), "bq.") {
			out = append(out, line)
		}
	}
	return out
}
