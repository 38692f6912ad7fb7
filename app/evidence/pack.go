package evidence

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// Maker is who makes a pack, and with what.
type Maker struct {
	By         string     // as the machine knows them
	Version    string     // of the program
	Reconciler Reconciler // nil when Jira is not to be asked
	Log        archive.Log
	Stamps     Stamps                           // nil when nothing is stamped
	Step       func(what string, done, all int) // of the progress; may be nil
}

// Stamps keeps time stamps of a site's checkpoints.
type Stamps interface {
	// Stamp returns the newest of a checkpoint of at most so many entries whose token states a time before an instant; nil when there
	// is none.
	Stamp(ctx context.Context, id tenant.ID, size uint64, before time.Time) (*archive.Stamp, error)
}

// Made is what became of it.
type Made struct {
	Threats  int
	Manifest ledger.Digest
	Size     uint64 // of the tree that the pack rests on
	Summary  *Summary
}

// Build writes a pack: the population of a query as tables, sheets, a summary and OSCAL, with the part of the ledger that it rests
// on. The same ledger, query and maker give the same bytes, as long as Jira gives the same answer.
func Build(ctx context.Context, out io.Writer, w *Walk, q Query, m Maker) (Made, error) {
	step := func(what string, done, all int) {
		if m.Step != nil {
			m.Step(what, done, all)
		}
	}
	w.Progress = func(n int) { step("reading the ledger", n, 0) }
	c, err := collect(ctx, w, q, func(c *collection) error { return c.reconcile(ctx, w, m.Reconciler) })
	if err != nil {
		return Made{}, err
	}
	defer c.close()
	size := uint64(w.Entries())
	stamps, err := findStamps(ctx, w.Tenant, q, size, m.Stamps)
	if err != nil {
		return Made{}, err
	}
	facts := c.facts(w, m, stamps)
	p := archive.New(out)
	files := c.files(facts)
	for i, f := range files {
		if err := ctx.Err(); err != nil {
			return Made{}, err
		}
		step("writing "+f.name, i, len(files)+1)
		to, err := p.Create(f.name)
		if err != nil {
			return Made{}, err
		}
		to.Rows = f.rows
		if err := f.write(to); err != nil {
			return Made{}, fault.Wrap(err, "writing %s", f.name)
		}
	}
	step("writing the ledger's part", len(files), len(files)+1)
	digest, err := p.Close(ctx, c.manifest(w, m), m.Log, archive.Scope{Size: size, Previous: w.previous, In: c.discloses, Stamps: stamps})
	if err != nil {
		return Made{}, err
	}
	return Made{Threats: c.summary.Population, Manifest: digest, Size: size, Summary: c.summary}, nil
}

// files are a pack's files but for the container's own, in their order.
func (c *collection) files(facts []fact) []part {
	files := []part{
		{"summary.pdf", 0, func(w io.Writer) error { return c.writePDF(w, facts) }},
		{workbook, 0, func(w io.Writer) error { return c.writeXLSX(w, facts) }},
	}
	for _, t := range c.tables {
		files = append(files,
			part{t.Name + ".csv", t.count, func(w io.Writer) error { return writeCSV(w, t) }},
			part{t.Name + ".json", t.count, func(w io.Writer) error { return writeJSON(w, t) }})
	}
	return append(files,
		part{"summary.json", 0, func(w io.Writer) error { return c.summary.write(w) }},
		part{"schema.json", 0, func(w io.Writer) error {
			schema, err := Schema()
			if err == nil {
				_, err = w.Write(schema)
			}
			return err
		}},
		part{"oscal/assessment-results.json", 0, func(w io.Writer) error { return c.oscal.results(w, c.catalogue) }},
		part{"oscal/poam.json", 0, c.oscal.actions},
	)
}

// findStamps are the stamps that a pack carries: the newest, and the last of before the window's end when that is another one. Only those
// of before the instant of knowledge count, so that a repetition carries the same.
func findStamps(ctx context.Context, id tenant.ID, q Query, size uint64, from Stamps) ([]archive.Stamp, error) {
	var out []archive.Stamp
	if from == nil {
		return nil, nil
	}
	for _, before := range []time.Time{q.End(), q.AsOf} {
		s, err := from.Stamp(ctx, id, size, before)
		if err != nil {
			return nil, err
		}
		if s != nil && (len(out) == 0 || out[0].Size != s.Size) {
			out = append(out, *s)
		}
	}
	return out, nil
}

func stampWords(stamps []archive.Stamp) string {
	if len(stamps) == 0 {
		return "none: no time-stamp authority has stamped a checkpoint of this log before the instant of knowledge"
	}
	var words []string
	for _, s := range stamps {
		words = append(words, fmt.Sprintf("the first %s entries existed at %s UTC, by the token in %s", thousands(int(s.Size)), clock(s.Time), archive.TokenName(s.Size)))
	}
	return strings.Join(words, "; ") + ". `throughline verify --tsa-roots` checks whose word that is"
}

// workbook is the file of the sheets.
const workbook = "register.xlsx"

type part struct {
	name  string
	rows  int
	write func(io.Writer) error
}

// fact is one line of what a pack is about.
type fact struct{ name, text string }

// facts are what the cover and the first sheet say.
func (c *collection) facts(w *Walk, m Maker, stamps []archive.Stamp) []fact {
	q, s := c.query, c.summary
	out := []fact{
		{"Site", string(w.Tenant)},
		{"Window", fmt.Sprintf("from %s to %s (half-open, UTC, by the time of recording)", begin(q.From), clock(q.To))},
		{"As known at", clock(q.AsOf) + " UTC: what was recorded later is not in this pack"},
		{"Framework", c.catalogue.Title + ": " + c.catalogue.Scope},
		{"Mapping", control.Version + ", suggested by rule; a person's choice stands over it"},
		{"Scope", q.Scope.words()},
		{"Sample", sampleWords(q)},
		{"Population", fmt.Sprintf("%d threats of %d stated (%d not in the window, %d outside of the scope)", s.Population, s.Stated, s.Ended, s.Outside)},
		{"Tickets", s.ticketWords()},
		{"Design pages", fmt.Sprintf("%s with a threat of the population, and %s read in the window without one", thousands(s.Pages), thousands(s.Bare))},
		{"Reconciliation", s.Reconciled.Words()},
		{"Log begins", logBegins(s.Begins, q.Window)},
		{"Ledger", fmt.Sprintf("%s entries up to the instant of knowledge: %s", thousands(s.Entries), spreadWords(s.Spread))},
		{"Time stamp", stampWords(stamps)},
		{"Made by", m.By + ", with Throughline " + m.Version},
	}
	if q.AsOf.Before(q.To) {
		out = append(out, fact{"Window not over", "the window ends after the instant of knowledge: what is recorded in it later is not in this pack"})
	}
	return out
}

func (c *collection) manifest(w *Walk, m Maker) archive.Facts {
	q, s := c.query, c.summary
	f := archive.Facts{
		Site: w.Tenant, From: q.From, To: q.To, AsOf: q.AsOf, Framework: q.Framework, By: m.By, Version: m.Version, Query: q.Narrowed(),
		Entries: s.Spread,
		Counts:  map[string]int{"threats": s.Population, "threats_stated": s.Stated, "threats_not_in_window": s.Ended, "threats_out_of_scope": s.Outside, "tickets": s.Tickets, "exceptions": 0},
	}
	for _, n := range s.Exceptions {
		f.Counts["exceptions"] += n
	}
	for state, n := range s.States {
		f.Counts["state: "+string(state)] = n
	}
	f.Notes = []string{"mapping: " + control.Version, "reconciliation: " + s.Reconciled.Words()}
	if q.AsOf.Before(q.To) {
		f.Notes = append(f.Notes, "the window ends after the instant of knowledge")
	}
	return f
}

// Narrowed is what narrowed a population, and the draw of its sample, as manifests and the ledger keep it.
func (q Query) Narrowed() map[string]string {
	out := map[string]string{}
	for name, value := range map[string]string{"space": q.Scope.Space, "project": q.Scope.Project, "label": q.Scope.Label} {
		if value != "" {
			out[name] = value
		}
	}
	if q.Sample > 0 {
		out["sample"], out["seed"] = strconv.Itoa(q.Sample), strconv.FormatUint(q.Seed, 10)
	}
	return out
}

func (s Scope) words() string {
	if s.zero() {
		return "the whole site"
	}
	out := ""
	for _, f := range [][2]string{{"space", s.Space}, {"project", s.Project}, {"label", s.Label}} {
		if f[1] != "" {
			if out != "" {
				out += ", "
			}
			out += f[0] + " " + f[1]
		}
	}
	return out
}

func sampleWords(q Query) string {
	if q.Sample == 0 {
		return "none drawn"
	}
	return fmt.Sprintf("%d drawn with seed %d: those with the smallest SHA-256 over seed, colon and threat", q.Sample, q.Seed)
}

// Words says how the reconciliation ended.
func (r Reconciliation) Words() string {
	switch {
	case !r.Done:
		return "NOT RECONCILED. " + r.Why
	case r.Agrees():
		return fmt.Sprintf("agrees: the register has %d tickets (%d at the instant of knowledge, %d filed and %d deleted since), Jira counts %d for %s", r.Ours, r.AsOf, r.Later, r.Gone, r.Jira, r.Question)
	}
	return fmt.Sprintf("DIFFERS: the register has %d tickets (%d at the instant of knowledge, %d filed and %d deleted since), Jira counts %d for %s; %d differences, see Exceptions",
		r.Ours, r.AsOf, r.Later, r.Gone, r.Jira, r.Question, len(r.Differences))
}

// begin is a window's first instant in words: without one, the export takes everything from 1970 on.
func begin(t time.Time) string {
	if t.Unix() <= 0 {
		return "the beginning"
	}
	return clock(t)
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }
