package evidence

import (
	"encoding/csv"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/fault"
)

// rank is the order in which files are compared: tables first, since in them the row can be named.
func rank(name string) int {
	switch path.Ext(name) {
	case ".csv":
		return 0
	case ".json":
		return 1
	}
	return 2
}

// lasting are the tables and columns whose meaning no version changes: what is compared where another version made the pack and a file differs.
// By whom a threat was verified, and which entry is its own, earlier versions told otherwise: verifications and states tell the same.
func lasting() []lastingColumns {
	times := func(columns ...string) []string {
		return append(columns, "by", "page_version", "occurred", "recorded", "entry")
	}
	return []lastingColumns{
		{"threats", []string{
			"threat", "title", "state", "stale", "severity", "owner", "ticket", "ticket_status", "due", "page_id", "page_version", "accepted_until",
		}},
		{"states", times("threat", "from", "to")},
		{"tickets", []string{"ticket", "ticket_id", "threat", "status", "category", "resolution", "assignee", "due", "filed", "done", "deleted", "entry"}},
		{"verifications", times("threat", "ticket", "note", "assignee")},
		{"acceptances", times("threat", "ticket", "reason", "until")},
		{"decisions", times("threat", "kind")},
	}
}

type lastingColumns struct {
	table   string
	columns []string
}

// compareFacts compares the lasting columns of tables, and returns the number of rows that are the same.
func (c *collection) compareFacts(pack *archive.Contents) (same int, err error) {
	for _, l := range lasting() {
		n, err := c.compareTable(pack, c.table(l.table), l.columns)
		if err != nil {
			return same, err
		}
		same += n
	}
	return same, nil
}

// nameRow names the first row of a CSV file that is another than the entries give; nil when it is no table, or none is.
func (c *collection) nameRow(pack *archive.Contents, file string) error {
	for _, t := range c.tables {
		if file == t.Name+".csv" {
			var all []string
			for _, col := range t.Columns {
				all = append(all, col.Name)
			}
			_, err := c.compareTable(pack, t, all)
			return err
		}
	}
	return nil
}

// compareTable compares the columns of a pack's CSV file with a table's, row by row.
func (c *collection) compareTable(pack *archive.Contents, t *rows, columns []string) (same int, err error) {
	file := t.Name + ".csv"
	r, err := pack.Open(file)
	if err != nil {
		return 0, err
	}
	in := csv.NewReader(r)
	in.ReuseRecord = true
	head, err := in.Read()
	if err != nil {
		return 0, wrongly(file, "it has no head: %v", err)
	}
	place := map[string]int{}
	for i, name := range head {
		place[name] = i
	}
	for _, name := range columns {
		if _, ok := place[name]; !ok {
			return 0, wrongly(file, "it has no column %q", name)
		}
	}
	err = t.each(func(cells []any) error {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return wrongly(file, "it ends after %d rows, and the entries give %d: the next is of %s", same, t.count, plain(cells[0], " "))
		} else if err != nil {
			return wrongly(file, "row %d cannot be read: %v", same+1, err)
		}
		for i, col := range t.Columns {
			at, ok := place[col.Name]
			if !ok || !slices.Contains(columns, col.Name) {
				continue
			}
			want := strings.ReplaceAll(harmless(plain(cells[i], "\n")), "\r\n", "\n") // as encoding/csv reads it
			if row[at] != want {
				return wrongly(file, "row %d (%s): its %s is %q, and the ledger's entries give %q", same+1, row[0], col.Name, short(row[at]), short(want))
			}
		}
		same++
		return nil
	})
	if err != nil {
		return same, err
	}
	if row, err := in.Read(); err == nil {
		return same, wrongly(file, "row %d (%s): no entry of the ledger gives it", same+1, row[0])
	} else if !errors.Is(err, io.EOF) {
		return same, fault.Wrap(err, "reading %s", file)
	}
	return same, nil
}

func short(s string) string { return cutRunes(s, 80) }
