package evidence

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
)

// Format is a format of an export.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	JSON Format = "json"
)

// Write writes a population: as CSV with one row for each state that a threat was in, or as one JSON value. The same population
// gives the same bytes.
func Write(w io.Writer, f Format, site tenant.ID, window Window, population []Threat) error {
	switch f {
	case CSV:
		return writeCSV(w, population)
	case JSON:
		return writeJSON(w, site, window, population)
	}
	return fault.New(fault.Invalid, "unknown format %q: use csv or json", f)
}

func writeJSON(w io.Writer, site tenant.ID, window Window, population []Threat) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return fault.As(fault.Internal, enc.Encode(struct {
		Site    tenant.ID `json:"site"`
		Window  Window    `json:"window"` // half-open, UTC, by the time of recording
		Count   int       `json:"count"`
		Threats []Threat  `json:"threats"`
	}{site, window, len(population), population}), "writing JSON")
}

var columns = []string{
	"page_id", "page_title", "page_space", "page_url", "page_version", "threat", "title", "section", "quote", "stride", "severity", "mitigation",
	"criteria", "ticket", "ticket_url", "ticket_status", "ticket_resolution", "ticket_deleted", "ticket_due", "owner", "owner_name", "owner_reason",
	"state", "state_why", "state_by", "state_page_version", "occurred_utc", "observed_utc", "recorded_utc", "ledger_entry",
}

// writeCSV follows RFC 4180: CRLF, quoted where needed.
func writeCSV(w io.Writer, population []Threat) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	_ = out.Write(columns) // the writer keeps its first error for Error
	for _, t := range population {
		for _, s := range t.States {
			row := cells(t, s)
			for i := range row {
				row[i] = harmless(row[i])
			}
			_ = out.Write(row)
		}
	}
	out.Flush()
	return fault.As(fault.Internal, out.Error(), "writing CSV")
}

func cells(t Threat, s Step) []string {
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
	return []string{
		t.Page.ID, t.Page.Title, t.Page.Space, t.Page.URL, strconv.Itoa(t.Version), t.ID, t.Text.Title, strings.Join(t.Text.Section, " > "), t.Text.Quote,
		threat.JoinSTRIDE(t.Text.STRIDE), string(t.Text.Severity), strings.Join(asked, "\n"),
		strings.Join(criteria, ", "), ticket.Key, ticket.URL, ticket.Status, ticket.Resolution, yes(ticket.Deleted), ticket.Due, t.Owner.Account, t.Owner.Name, t.Owner.Reason,
		string(s.State), s.Why, s.By, strconv.Itoa(s.Version), when(s.Occurred), when(s.Observed), when(s.Recorded), strconv.FormatUint(s.Entry, 10),
	}
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

// harmless keeps a spreadsheet from taking text for a formula (OWASP, CSV injection).
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
