package evidence

import (
	"bufio"
	"bytes"
	"crypto/sha1" // UUIDs of version 5 are made of it, by RFC 9562
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
)

// OSCALVersion is the version of NIST's models that the packs' OSCAL files follow.
const OSCALVersion = "1.2.1"

// oscal gathers a pack's assessment results and plan of action: what is many, on disk, each item as JSON; the documents around them
// are written at the end.
type oscal struct {
	site         string
	query        Query
	observations *items
	risks        *items
	openRisks    *items
	plan         *items
	parties      map[string]string // account id → UUID
	names        map[string]string // of owners, by account id
	controls     map[string]*target
}

// target is what is found about one criterion. Its lists are bounded: OSCAL files are read whole.
type target struct {
	risks []string // UUIDs
	open  int
	all   int
}

// targetRisks is how many risks a finding names at most; the risks themselves name their criteria, all of them.
const targetRisks = 1000

// items is a list of JSON values on disk.
type items struct {
	f     *os.File
	w     *bufio.Writer
	count int
}

func newItems() (*items, error) {
	f, err := scratch()
	if err != nil {
		return nil, err
	}
	return &items{f: f, w: bufio.NewWriterSize(f, 32<<10)}, nil
}

func (l *items) add(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fault.As(fault.Internal, err, "writing OSCAL")
	}
	if l.count > 0 {
		_ = l.w.WriteByte(',') // the writer keeps its first error
	}
	l.count++
	_, err := l.w.Write(b.Bytes())
	return fault.As(fault.Internal, err, "writing a temporary file: set TMPDIR to a folder with room")
}

func (l *items) copyTo(w io.Writer) error {
	if err := l.w.Flush(); err != nil {
		return fault.As(fault.Internal, err, "writing a temporary file: set TMPDIR to a folder with room")
	}
	_, err := io.Copy(w, io.NewSectionReader(l.f, 0, 1<<62))
	return err
}

func newOSCAL(site string, q Query, names map[string]string) (*oscal, error) {
	o := &oscal{site: site, query: q, parties: map[string]string{}, names: names, controls: map[string]*target{}}
	for _, l := range []**items{&o.observations, &o.risks, &o.openRisks, &o.plan} {
		one, err := newItems()
		if err != nil {
			o.close()
			return nil, err
		}
		*l = one
	}
	return o, nil
}

func (o *oscal) close() {
	for _, l := range []*items{o.observations, o.risks, o.openRisks, o.plan} {
		if l != nil {
			_ = l.f.Close()
		}
	}
}

// id is a UUID of version 5 (RFC 9562): the same thing has the same one in every pack of the site.
func (o *oscal) id(parts ...string) string {
	h := sha1.New()
	h.Write([]byte("throughline\x00" + o.site))
	for _, p := range parts {
		h.Write([]byte("\x00" + p))
	}
	b := h.Sum(nil)[:16]
	b[6], b[8] = b[6]&0x0f|0x50, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (o *oscal) origin(account string) []origin {
	if account == "" {
		return []origin{{[]actor{{"tool", o.id("tool")}}}}
	}
	if o.parties[account] == "" {
		o.parties[account] = o.id("party", account)
	}
	return []origin{{[]actor{{"party", o.parties[account]}}}}
}

// statuses are OSCAL's words for a risk's state.
var statuses = map[threat.State]string{
	threat.Proposed: "investigating", threat.Open: "open", threat.InProgress: "remediating", threat.Mitigated: "remediating",
	threat.Verified: "closed", threat.Accepted: "deviation-approved", threat.Dismissed: "closed", threat.Withdrawn: "closed",
}

func (o *oscal) take(t Threat, criteria []threat.Criterion, exceptions []Exception) error {
	r := risk{
		UUID: o.id("risk", t.ID), Title: line(t.Text.Title), Description: block(t.Text.Quote), Statement: block(or(t.Text.Statement, t.Text.Title)),
		Status: statuses[t.State], Origins: o.origin(t.Owner.Account),
	}
	prop := func(name, value string) {
		if value != "" {
			r.Props = append(r.Props, property{name, namespace, line(value)})
		}
	}
	prop("threat", t.ID)
	prop("state", string(t.State))
	prop("severity", string(t.Text.Severity))
	prop("page-version", fmt.Sprint(t.Version))
	for _, k := range t.Text.STRIDE {
		prop("stride", k.Name())
	}
	for _, w := range t.Text.CWE {
		prop("weakness", w)
	}
	for _, c := range criteria {
		prop("criterion", c.ID)
		prop("criterion-by", c.By)
		id := controlID(c.ID)
		if o.controls[id] == nil {
			o.controls[id] = &target{}
		}
		in := o.controls[id]
		in.all++
		if statuses[t.State] != "closed" {
			in.open++
		}
		if len(in.risks) < targetRisks {
			in.risks = append(in.risks, r.UUID)
		}
	}
	for _, x := range exceptions {
		prop("exception", x.Kind)
	}
	if t.Page.URL != "" {
		r.Links = append(r.Links, link{reference(t.Page.URL), "reference", line(t.Page.Title)})
	}
	if t.Ticket != nil {
		if t.Ticket.URL != "" {
			r.Links = append(r.Links, link{reference(t.Ticket.URL), "ticket", line(t.Ticket.Key)})
		}
		if t.Ticket.Due != "" {
			r.Deadline = t.Ticket.Due + "T23:59:59Z"
		}
	}
	for _, id := range t.Text.CAPEC {
		r.ThreatIDs = append(r.ThreatIDs, threatID{"https://capec.mitre.org", "https://capec.mitre.org/data/definitions/" + strings.TrimPrefix(id, "CAPEC-") + ".html"})
	}
	for i, m := range t.Text.Mitigations {
		cycle := "planned"
		if t.State == threat.Mitigated || t.State == threat.Verified {
			cycle = "completed"
		}
		r.Remediations = append(r.Remediations, remediation{UUID: o.id("mitigation", t.ID, fmt.Sprint(i)), Lifecycle: cycle, Title: line(cutRunes(m.Quote, 120)), Description: block(m.Quote)})
	}
	for _, a := range t.Acceptances {
		r.Remediations = append(r.Remediations, remediation{
			UUID: o.id("entry", fmt.Sprint(a.Entry)), Lifecycle: "completed", Title: line("Risk accepted until " + a.Given.Until), Description: block(a.Given.Reason),
			Props: []property{{Name: "type", Value: "accept"}}, Origins: o.origin(a.By), // NIST's own property, so of no namespace of ours
		})
	}
	log := riskLog{}
	for _, s := range t.States {
		log.Entries = append(log.Entries, logEntry{o.id("entry", fmt.Sprint(s.Entry)), line(string(s.State) + ": " + s.Why), instant(s.Recorded), statuses[s.State]})
	}
	r.Log = &log
	for i, v := range t.Verifications {
		title := "Verification of " + t.ID
		if fate := t.fate(i); fate != "" {
			title += " (" + fate + ")"
		}
		seen := observation{
			UUID: o.id("entry", fmt.Sprint(v.Entry)), Title: line(title), Description: block(v.Given.Note), Methods: []string{"EXAMINE"},
			Origins: o.origin(v.By), Collected: instant(v.Occurred),
		}
		for _, l := range v.Given.Links {
			if l.Kind == "run" {
				seen.Methods = []string{"TEST"}
			}
			seen.Evidence = append(seen.Evidence, evidenceItem{reference(l.URL), block(or(l.Name, l.Kind))})
		}
		r.Observations = append(r.Observations, relatedObservation{seen.UUID})
		if err := o.observations.add(seen); err != nil {
			return err
		}
	}
	if err := o.risks.add(r); err != nil {
		return err
	}
	if r.Status == "closed" {
		return nil
	}
	// The plan's copy stands alone: it does not point to observations that only the results have.
	item := planItem{
		UUID: o.id("item", t.ID), Title: r.Title, Description: block(asked(t)), Props: r.Props, Links: r.Links, Risks: []relatedRisk{{r.UUID}},
	}
	r.Observations = nil
	if err := o.openRisks.add(r); err != nil {
		return err
	}
	return o.plan.add(item)
}

func asked(t Threat) string {
	var out []string
	for _, m := range t.Text.Mitigations {
		out = append(out, m.Quote)
	}
	return or(strings.Join(out, "\n\n"), "The page states no mitigation yet.")
}

// controlID is a criterion as OSCAL's tokens allow it: "cc6.1".
func controlID(id string) string { return strings.ToLower(id) }

// line and block are texts as OSCAL wants them: one line without white space around it (to JavaScript a byte order mark is that, too), and
// one that is not empty.
func line(s string) string {
	return or(strings.Join(strings.Fields(strings.ReplaceAll(s, "\ufeff", " ")), " "), "-")
}

func block(s string) string { return or(strings.TrimSpace(s), "-") }

// reference is an address as RFC 3986 allows it, whatever somebody wrote.
func reference(address string) string {
	var out strings.Builder
	for i := range len(address) {
		c := address[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~:/?#@!$&'()*+,;=", c) >= 0,
			c == '%' && hexadecimal(address, i+1) && hexadecimal(address, i+2):
			out.WriteByte(c)
		default:
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}

func hexadecimal(s string, i int) bool {
	return i < len(s) && strings.IndexByte("0123456789abcdefABCDEF", s[i]) >= 0
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

func cutRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// write writes a document: members in order, lists from disk.
func (o *oscal) write(w io.Writer, name string, members []member) error {
	put := func(s string) {
		_, _ = io.WriteString(w, s) // checked by the writer that the pack gives
	}
	put(`{"` + name + `":{`)
	err := putMembers(w, put, members)
	put("}}\n")
	return err
}

// member is a member of an object: a value, the items of a list, or an object with members.
type member struct {
	name  string
	value any
	list  *items
	one   []member // an array of one object
}

func putMembers(w io.Writer, put func(string), members []member) error {
	first := true
	for _, m := range members {
		if m.list != nil && m.list.count == 0 {
			continue // OSCAL has no empty lists
		}
		if !first {
			put(",")
		}
		first = false
		put(`"` + m.name + `":`)
		switch {
		case m.list != nil:
			put("[")
			if err := m.list.copyTo(w); err != nil {
				return err
			}
			put("]")
		case m.one != nil:
			put("[{")
			if err := putMembers(w, put, m.one); err != nil {
				return err
			}
			put("}]")
		default:
			b, err := json.Marshal(m.value)
			if err != nil {
				return fault.As(fault.Internal, err, "writing OSCAL")
			}
			put(string(b))
		}
	}
	return nil
}

func (o *oscal) metadata(title string) member {
	parties := []party{{UUID: o.id("tool"), Type: "organization", Name: "Throughline"}}
	var accounts []string
	for a := range o.parties {
		accounts = append(accounts, a)
	}
	slices.Sort(accounts)
	for _, a := range accounts {
		parties = append(parties, party{o.parties[a], "person", line(or(o.names[a], a)), []externalID{{namespace + ":account", line(a)}}})
	}
	return member{name: "metadata", value: map[string]any{
		"title": line(title), "last-modified": instant(o.query.AsOf), "version": instant(o.query.AsOf), "oscal-version": OSCALVersion, "parties": parties,
	}}
}

// Results writes the assessment results: what was observed, each threat as a risk, each criterion as a finding.
func (o *oscal) results(w io.Writer, c *control.Catalogue) error {
	plan := o.id("plan")
	title := "Threats of " + o.site
	result := []member{
		{name: "uuid", value: o.id("result", instant(o.query.From), instant(o.query.To), instant(o.query.AsOf))},
		{name: "title", value: line(title)},
		{name: "description", value: "Every threat that counted at some instant from " + instant(o.query.From) + " to " + instant(o.query.To) + ", as known at " + instant(o.query.AsOf) + "."},
		{name: "start", value: instant(o.query.From)},
		{name: "end", value: instant(o.query.End())},
		{name: "reviewed-controls", value: o.reviewed(c)},
		{name: "observations", list: o.observations},
		{name: "risks", list: o.risks},
	}
	if findings := o.findings(c); len(findings) > 0 {
		result = append(result, member{name: "findings", value: findings})
	}
	return o.write(w, "assessment-results", []member{
		{name: "uuid", value: o.id("results", instant(o.query.From), instant(o.query.To), instant(o.query.AsOf))},
		o.metadata(title),
		{name: "import-ap", value: map[string]string{"href": "#" + plan}},
		{name: "results", one: result},
		{name: "back-matter", value: map[string]any{"resources": []map[string]any{{
			"uuid": plan, "title": "Continuous threat traceability",
			"description": "No assessment plan exists as OSCAL: Throughline reviews every version of every design page. VERIFY.md and summary.pdf in this pack tell the method.",
		}}}},
	})
}

func (o *oscal) reviewed(c *control.Catalogue) any {
	var ids []map[string]string
	for _, e := range c.Entries {
		if o.controls[controlID(e.ID)] != nil {
			ids = append(ids, map[string]string{"control-id": controlID(e.ID)})
		}
	}
	if len(ids) == 0 {
		return map[string]any{"control-selections": []map[string]any{{"include-all": map[string]any{}}}}
	}
	return map[string]any{"description": c.Title, "control-selections": []map[string]any{{"include-controls": ids}}}
}

func (o *oscal) findings(c *control.Catalogue) []map[string]any {
	var out []map[string]any
	for _, e := range c.Entries {
		in := o.controls[controlID(e.ID)]
		if in == nil {
			continue
		}
		state := "satisfied"
		if in.open > 0 {
			state = "not-satisfied"
		}
		related := make([]relatedRisk, len(in.risks))
		for i, id := range in.risks {
			related[i] = relatedRisk{id}
		}
		out = append(out, map[string]any{
			"uuid": o.id("finding", e.ID), "title": line(e.ID + " " + e.Words),
			"description": fmt.Sprintf("%d threats bear on it, %d of them are not closed.", in.all, in.open),
			"target":      map[string]any{"type": "objective-id", "target-id": controlID(e.ID), "status": map[string]string{"state": state}}, "related-risks": related,
		})
	}
	return out
}

// actions writes the plan of action and milestones: what is not closed, with its ticket and due date.
func (o *oscal) actions(w io.Writer) error {
	plan := o.plan
	members := []member{
		{name: "uuid", value: o.id("poam", instant(o.query.AsOf))},
		o.metadata("Plan of action for the threats of " + o.site),
		{name: "system-id", value: map[string]string{"id": line(o.site)}},
		{name: "risks", list: o.openRisks},
	}
	if plan.count > 0 {
		return o.write(w, "plan-of-action-and-milestones", append(members, member{name: "poam-items", list: plan}))
	}
	// OSCAL knows no plan without an item.
	none := planItem{UUID: o.id("item", "none"), Title: "Nothing to do", Description: "No threat of the population is open at " + instant(o.query.AsOf) + "."}
	return o.write(w, "plan-of-action-and-milestones", append(members, member{name: "poam-items", value: []planItem{none}}))
}
