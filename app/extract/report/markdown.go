package report

import (
	"fmt"
	"io"
	"strings"
)

func writeMarkdown(w io.Writer, docs []Document) error {
	var b strings.Builder
	for i, d := range docs {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "## %s\n\n", escape(d.Source.Path))
		if len(d.Threats) == 0 {
			b.WriteString("States no threat.\n")
			continue
		}
		b.WriteString("| Id | Threat | STRIDE | Severity | Mitigations | Owner | Ticket | Section |\n|---|---|---|---|---|---|---|---|\n")
		for _, t := range d.Threats {
			cells := []string{t.Label, t.Title, stride(t), string(t.Severity), mitigations(t, "<br>"), t.Owner, t.Ticket, strings.Join(t.Section, " > ")}
			for i, c := range cells {
				cells[i] = escape(c)
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// escape keeps a text inside its cell, and its signs from being read as Markdown or HTML. A "<br>" of ours stays.
func escape(s string) string {
	parts := strings.Split(s, "<br>")
	for i, p := range parts {
		parts[i] = strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", ">", "&gt;", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[", "]", "\\]").Replace(flat(p))
	}
	return strings.Join(parts, "<br>")
}
