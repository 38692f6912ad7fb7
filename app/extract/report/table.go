package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/throughline/throughline/app/threat"
)

func writeTable(w io.Writer, docs []Document, options Options) error {
	width := options.Width
	if width <= 0 {
		width = 120
	}
	total, unmitigated := 0, 0
	var b strings.Builder
	for _, d := range docs {
		if len(d.Threats) == 0 {
			fmt.Fprintf(&b, "%s: states no threat\n", clean(d.Source.Path))
			continue
		}
		fmt.Fprintf(&b, "%s\n", clean(d.Source.Path))
		t := table.NewWriter()
		t.SetStyle(table.StyleLight)
		t.AppendHeader(table.Row{"Severity", "STRIDE", "Threat", "Mitigations", "Owner", "Ticket", "Sure"})
		wide := max(24, (width-54)/2)
		t.SetColumnConfigs([]table.ColumnConfig{
			{Number: 3, WidthMax: wide, WidthMaxEnforcer: text.WrapSoft},
			{Number: 4, WidthMax: wide, WidthMaxEnforcer: text.WrapSoft},
			{Number: 5, WidthMax: 14, WidthMaxEnforcer: text.WrapSoft},
			{Number: 7, Align: text.AlignRight},
		})
		for _, f := range d.Threats {
			title := clean(flat(f.Title))
			if f.Label != "" {
				title = clean(f.Label) + " " + title
			}
			t.AppendRow(table.Row{severity(f.Severity, options.Colour), stride(f), title, clean(mitigations(f, "\n")), clean(f.Owner), clean(f.Ticket), fmt.Sprintf("%.2f", f.Confidence)})
			total++
			if len(f.Mitigations) == 0 {
				unmitigated++
			}
		}
		b.WriteString(t.Render())
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%d threats in %d documents, %d without a stated mitigation\n", total, len(docs), unmitigated)
	_, err := io.WriteString(w, b.String())
	return err
}

func severity(s threat.Severity, colour bool) string {
	word := string(s)
	if word == "" {
		word = "unstated"
	}
	if !colour {
		return word
	}
	switch s {
	case threat.Critical:
		return "\x1b[1;31m" + word + "\x1b[0m"
	case threat.High:
		return "\x1b[31m" + word + "\x1b[0m"
	case threat.Medium:
		return "\x1b[33m" + word + "\x1b[0m"
	case threat.Low:
		return "\x1b[32m" + word + "\x1b[0m"
	}
	return word
}

// clean drops control characters, so that a page cannot steer the terminal it is shown in.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7F || r >= 0x80 && r < 0xA0 {
			return -1
		}
		return r
	}, s)
}
