package evidence

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/fault"
)

// Rechecked is what was found by making a pack again.
type Rechecked struct {
	Files   int    `json:"files"` // that are, to the byte, what the disclosed entries give: all of them, or 0
	Differs string `json:"differs,omitempty"`
	Facts   int    `json:"facts"` // rows whose facts were compared then
	Made    string `json:"made_by_version"`
	Why     string `json:"not_done,omitempty"` // why nothing could be compared
}

// Recheck makes a pack's files again from the entries that it discloses, and holds them against those that it has: whoever signs may
// sign tables that the ledger does not bear out. The pack is one that archive.Verify found whole. The error is an *archive.Flaw that
// names the first file that says something else, and in a table the first row.
//
// Taken as the pack has them are Jira's answer, which is in no ledger, who made the pack, and how many threats there are of which
// no entry is disclosed. Where another version of the program made the pack, its words and rules may have been others: then a file may
// differ, and the facts of threats and of their states must not. version is this program's; empty means that it tells no two builds
// apart. Where a body was erased after the pack's instant of knowledge, nothing can be compared.
func Recheck(ctx context.Context, pack *archive.Contents, withheld int, version string, step func(what string, done, all int)) (Rechecked, error) {
	m := pack.Manifest
	out := Rechecked{Made: m.Version}
	if withheld > 0 {
		out.Why = fmt.Sprintf("%s no body, since what was personal in it was erased later", plural(withheld, "disclosed entry has", "disclosed entries have"))
		return out, nil
	}
	q, err := queryOf(m.Facts)
	if err != nil {
		return out, err
	}
	w := &Walk{Log: pack, Tenant: m.Site, Until: m.AsOf, Progress: func(n int) { step("replaying the entries", n, m.Ledger.Disclosed) }}
	c, err := collect(ctx, w, q, func(c *collection) error { return c.claim(pack) })
	if err != nil {
		return out, err
	}
	defer c.close()
	out.Files, err = c.compareAll(ctx, pack, w, step)
	var differs *archive.Flaw
	if errors.As(err, &differs) && (version == "" || m.Version != version) {
		out.Differs = differs.Error()
		out.Facts, err = c.compareFacts(pack)
	}
	return out, err
}

// compareAll compares the manifest, and each file to the byte.
func (c *collection) compareAll(ctx context.Context, pack *archive.Contents, w *Walk, step func(string, int, int)) (int, error) {
	m := pack.Manifest
	maker := Maker{By: m.By, Version: m.Version}
	if err := c.compareManifest(m, c.manifest(w, maker)); err != nil {
		return 0, err
	}
	var stamps []archive.Stamp
	for _, s := range m.Ledger.Stamps {
		stamps = append(stamps, archive.Stamp{Size: s.Size, Time: s.Time})
	}
	return c.compare(ctx, pack, c.files(c.facts(w, maker, stamps)), step)
}

// queryOf is the question that a pack answers.
func queryOf(f archive.Facts) (q Query, err error) {
	q = Query{Window: Window{From: f.From, To: f.To}, AsOf: f.AsOf, Framework: f.Framework}
	q.Scope = Scope{Space: f.Query["space"], Project: f.Query["project"], Label: f.Query["label"]}
	if f.Query["sample"] != "" {
		if q.Sample, err = strconv.Atoi(f.Query["sample"]); err == nil {
			q.Seed, err = strconv.ParseUint(f.Query["seed"], 10, 64)
		}
	}
	if err != nil || q.Sample < 0 || !q.From.Before(q.To) || !q.AsOf.After(q.From) {
		return q, wrongly("manifest.json", "its question is none that can be asked: window %s to %s, as of %s, %v", stamp(q.From), stamp(q.To), stamp(q.AsOf), f.Query)
	}
	return q, nil
}

func wrongly(file, format string, args ...any) error {
	return &archive.Flaw{Part: archive.Replay, File: file, Text: fmt.Sprintf(format, args...)}
}

// claim takes from the pack what its entries do not tell, as far as they leave room for it.
func (c *collection) claim(pack *archive.Contents) error {
	m, s := pack.Manifest, c.summary
	r, err := pack.Open("summary.json")
	if err != nil {
		return err
	}
	var said Summary
	if err := json.NewDecoder(io.LimitReader(r, 16<<20)).Decode(&said); err != nil {
		return wrongly("summary.json", "it cannot be read: %v", err)
	}
	hidden := int(m.Ledger.Size) - m.Ledger.Disclosed
	counts := [...]struct {
		name    string
		said    int
		of      *int
		certain bool // the disclosed entries tell of all of them
	}{
		{"threats stated", m.Counts["threats_stated"], &s.Stated, hidden == 0},
		{"threats that did not count in the window", m.Counts["threats_not_in_window"], &s.Ended, hidden == 0},
		{"threats outside of the scope", m.Counts["threats_out_of_scope"], &s.Outside, hidden == 0 || c.query.Scope.zero()},
	}
	for _, n := range counts {
		if n.said < *n.of || n.certain && n.said != *n.of {
			return wrongly("manifest.json", "it counts %d %s, and the entries give %d", n.said, n.name, *n.of)
		}
		*n.of = n.said
	}
	if s.Stated != s.Population+s.Ended+s.Outside {
		return wrongly("manifest.json", "its %d threats stated are not the population of %d, %d that did not count in the window and %d outside of the scope", s.Stated, s.Population, s.Ended, s.Outside)
	}
	if n := said.Reconciled.AsOf; n < len(c.ours) || hidden == 0 && n != len(c.ours) {
		return wrongly("summary.json", "it says that the register had %d tickets, and the entries give %d", n, len(c.ours))
	}
	if err := c.claimBegin(said.Begins, m); err != nil {
		return err
	}
	s.Reconciled, s.Entries, s.Spread = said.Reconciled, int(m.Ledger.Size), m.Entries
	return nil
}

// compareManifest compares what a manifest says of the population.
func (c *collection) compareManifest(said archive.Manifest, is archive.Facts) error {
	for name, n := range is.Counts {
		if said.Counts[name] != n {
			return wrongly("manifest.json", "it counts %d for %q, and the entries give %d", said.Counts[name], name, n)
		}
	}
	if !maps.Equal(said.Counts, is.Counts) || !slices.Equal(said.Notes, is.Notes) {
		return wrongly("manifest.json", "its counts or notes are others than the entries give")
	}
	return nil
}

// compare makes each file again and compares its hash with the manifest's: the workbook, which takes half of the time, beside the others.
func (c *collection) compare(ctx context.Context, pack *archive.Contents, files []part, step func(string, int, int)) (same int, err error) {
	for _, f := range pack.Manifest.Files {
		if !archive.OfContainer(f.Name) && !slices.ContainsFunc(files, func(p part) bool { return p.name == f.Name }) {
			return 0, wrongly(f.Name, "no pack has such a file: nothing in the ledger gives it")
		}
	}
	for _, t := range c.tables { // so that they can be read side by side
		if err := t.flush(); err != nil {
			return 0, err
		}
	}
	slices.SortStableFunc(files, func(a, b part) int { return rank(a.name) - rank(b.name) })
	book := slices.IndexFunc(files, func(p part) bool { return p.name == workbook })
	beside := make(chan error, 1)
	go func() { beside <- c.again(pack, files[book]) }()
	for i, f := range files {
		step("making the files again", i, len(files))
		if err = ctx.Err(); err == nil && i != book {
			err = c.again(pack, f)
		}
		if err != nil {
			break
		}
	}
	if err = cmp.Or(err, <-beside); err != nil {
		return 0, err
	}
	return len(files), nil
}

// again makes one file again.
func (c *collection) again(pack *archive.Contents, f part) error {
	said, there := pack.File(f.name)
	if !there {
		return wrongly(f.name, "the entries give it, and the pack has it not")
	}
	sum := sha256.New()
	if err := f.write(sum); err != nil {
		return fault.Wrap(err, "making %s again", f.name)
	}
	if hex.EncodeToString(sum.Sum(nil)) == said.SHA256 {
		return nil
	}
	if err := c.nameRow(pack, f.name); err != nil {
		return err
	}
	return wrongly(f.name, "it is not what this version of Throughline makes of the disclosed entries")
}
