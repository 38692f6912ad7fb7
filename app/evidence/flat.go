package evidence

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
)

// Format is a format of an export that is one file.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	JSON Format = "json"
	Pack Format = "pack" // a zip with all of them, see Build
)

// Flat writes the population of a query as one file: as CSV with one row for each state that a threat was in, or as one JSON value, a threat a line.
// The same ledger and query give the same bytes. It returns how many threats the population has.
func Flat(ctx context.Context, out io.Writer, f Format, w *Walk, q Query) (int, error) {
	switch f {
	case CSV:
		return flatCSV(ctx, out, w, q)
	case JSON:
		return flatJSON(ctx, out, w, q)
	}
	return 0, fault.New(fault.Invalid, "unknown format %q: use csv, json or pack", f)
}

func flatJSON(ctx context.Context, out io.Writer, w *Walk, q Query) (int, error) {
	put := func(text string) error {
		_, err := io.WriteString(out, text)
		return fault.As(fault.Internal, err, "writing JSON")
	}
	head, err := json.Marshal(struct {
		Window
		AsOf time.Time `json:"as_of"`
	}{q.Window, q.AsOf})
	if err != nil {
		return 0, fault.As(fault.Internal, err, "writing JSON")
	}
	site, err := json.Marshal(w.Tenant)
	if err != nil {
		return 0, fault.As(fault.Internal, err, "writing JSON")
	}
	// The window is half-open, UTC, by the time of recording.
	if err := put("{\n\"site\": " + string(site) + ",\n\"window\": " + string(head) + ",\n\"threats\": ["); err != nil {
		return 0, err
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	count := 0
	err = w.Run(ctx, func(t Threat) error {
		if !q.Holds(t) {
			return nil
		}
		buf.Reset()
		if err := enc.Encode(t); err != nil {
			return fault.As(fault.Internal, err, "writing JSON")
		}
		sep := ",\n"
		if count == 0 {
			sep = "\n"
		}
		count++
		return put(sep + strings.TrimRight(buf.String(), "\n"))
	})
	if err != nil {
		return 0, err
	}
	return count, put("\n],\n\"count\": " + strconv.Itoa(count) + "\n}\n")
}

var columns = []string{
	"page_id", "page_title", "page_space", "page_url", "page_version", "threat", "title", "section", "quote", "stride", "severity", "mitigation",
	"criteria", "ticket", "ticket_url", "ticket_status", "ticket_resolution", "ticket_deleted", "ticket_due", "owner", "owner_name", "owner_reason",
	"state", "state_why", "state_by", "state_page_version", "occurred_utc", "observed_utc", "recorded_utc", "ledger_entry", "stated_entry",
}

// flatCSV follows RFC 4180: CRLF, quoted where needed.
func flatCSV(ctx context.Context, w io.Writer, walk *Walk, q Query) (int, error) {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	_ = out.Write(columns) // the writer keeps its first error for Error
	row := make([]string, 0, len(columns))
	count := 0
	err := walk.Run(ctx, func(t Threat) error {
		if !q.Holds(t) {
			return nil
		}
		count++
		common := commonCells(t)
		for _, s := range t.States {
			row = append(append(append(row[:0], common...), stateCells(s)...), strconv.FormatUint(t.Entry, 10))
			_ = out.Write(row)
		}
		return out.Error()
	})
	if err != nil {
		return 0, err
	}
	out.Flush()
	return count, fault.As(fault.Internal, out.Error(), "writing CSV")
}

func commonCells(t Threat) []string {
	var ticket threat.Ticket
	if t.Ticket != nil {
		ticket = *t.Ticket
	}
	var asked, criteria []string
	for _, m := range t.Text.Mitigations {
		asked = append(asked, m.Quote)
	}
	for _, c := range t.Criteria {
		criteria = append(criteria, c.ID)
	}
	return harmlessAll([]string{
		t.Page.ID, t.Page.Title, t.Page.Space, t.Page.URL, strconv.Itoa(t.Version), t.ID, t.Text.Title, strings.Join(t.Text.Section, " > "), t.Text.Quote,
		threat.JoinSTRIDE(t.Text.STRIDE), string(t.Text.Severity), strings.Join(asked, "\n"),
		strings.Join(criteria, ", "), ticket.Key, ticket.URL, ticket.Status, ticket.Resolution, yes(ticket.Deleted), ticket.Due, t.Owner.Account, t.Owner.Name, t.Owner.Reason,
	})
}

func stateCells(s Step) []string {
	return harmlessAll([]string{
		string(s.State), s.Why, s.By, strconv.Itoa(s.Version), when(s.Occurred), when(s.Observed), when(s.Recorded), strconv.FormatUint(s.Entry, 10),
	})
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}

func harmlessAll(cells []string) []string {
	for i := range cells {
		cells[i] = harmless(cells[i])
	}
	return cells
}

// harmless keeps a spreadsheet from taking text for a formula (OWASP, CSV injection): also one that an input method or an import
// would see through, in full-width signs or behind spaces. What is no character to a spreadsheet, or ends a file early, is marked
// by U+FFFD; lines end in a line feed.
func harmless(cell string) string {
	if cell == "" {
		return cell
	}
	if strings.IndexByte(cell, '\r') >= 0 {
		cell = strings.ReplaceAll(strings.ReplaceAll(cell, "\r\n", "\n"), "\r", "\n")
	}
	cell = strings.Map(func(r rune) rune { // which copies only what it changes
		if r < ' ' && r != '\t' && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff {
			return unicode.ReplacementChar
		}
		return r
	}, cell)
	first, _ := firstRune(strings.TrimLeft(cell, " \u00a0\u3000\ufeff\ufffd"))
	if strings.ContainsRune("=+-@＝＋－＠\t\n", first) {
		return "'" + cell
	}
	return cell
}

func firstRune(s string) (rune, bool) {
	for _, r := range s {
		return r, true
	}
	return ' ', false
}
