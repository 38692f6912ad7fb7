package bolt

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// Page implements trace.Book.
func (s *Store) Page(ctx context.Context, id tenant.ID, page string) (trace.Record, error) {
	var record trace.Record
	err := s.view(ctx, "read page "+page, func(btx *bbolt.Tx) (err error) {
		b := btx.Bucket(bucketTenants).Bucket([]byte(id))
		if record.Page, err = readPage(b, page); err != nil {
			return err
		}
		prefix := key(page, "")
		rows := b.Bucket(bucketThreats).Cursor()
		for k, raw := rows.Seek(prefix); bytes.HasPrefix(k, prefix); k, raw = rows.Next() {
			one, err := decodeRow(k, raw)
			if err != nil {
				return err
			}
			record.Threats = append(record.Threats, one)
		}
		return nil
	})
	if err != nil {
		return trace.Record{}, err
	}
	slices.SortFunc(record.Threats, asStated)
	return record, nil
}

// asStated orders threats as their page does, withdrawn ones last.
func asStated(a, b threat.Threat) int {
	gone := func(t threat.Threat) int {
		if t.State == threat.Withdrawn {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(gone(a), gone(b)), cmp.Compare(a.Text.At.Start, b.Text.At.Start), cmp.Compare(a.ID, b.ID))
}

// Pages implements trace.Book.
func (s *Store) Pages(ctx context.Context, id tenant.ID) ([]trace.Page, error) {
	var pages []trace.Page
	err := s.view(ctx, "list pages of "+string(id), func(btx *bbolt.Tx) error {
		b := btx.Bucket(bucketTenants).Bucket([]byte(id))
		if b == nil {
			return nil
		}
		return b.Bucket(bucketPages).ForEach(func(k, raw []byte) error {
			page, err := decode[trace.Page](k, raw)
			pages = append(pages, page)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return pages, nil
}

// ByIssue implements trace.Book.
func (s *Store) ByIssue(ctx context.Context, id tenant.ID, issue string) ([]threat.Threat, error) {
	var found []threat.Threat
	err := s.view(ctx, "find the threats of issue "+issue, func(btx *bbolt.Tx) error {
		b := btx.Bucket(bucketTenants).Bucket([]byte(id))
		if b == nil {
			return nil
		}
		prefix := key(issue, "")
		rows := b.Bucket(bucketIssues).Cursor()
		for k, _ := rows.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = rows.Next() {
			row := k[len(prefix):]
			raw := b.Bucket(bucketThreats).Get(row)
			if raw == nil {
				return fault.New(fault.Internal, "index names threat %q, which is gone", row)
			}
			one, err := decodeRow(row, raw)
			if err != nil {
				return err
			}
			found = append(found, one)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Commit implements trace.Book.
func (s *Store) Commit(ctx context.Context, c trace.Change) error {
	if err := valid(c); err != nil {
		return err
	}
	rows, err := encodeRows(c.Threats) // here, not in the transaction that others wait for
	if err != nil {
		return fault.As(fault.Invalid, err, "store: commit to %s", c.Tenant)
	}
	if err := validEntries(c.Entries); err != nil {
		return fault.Wrap(err, "store: commit to %s", c.Tenant)
	}
	leaves := leavesOf(c.Entries)
	return s.write(ctx, "commit to "+string(c.Tenant), func(t *tx) error {
		if err := checkRevs(t.Bucket(bucketTenants).Bucket([]byte(c.Tenant)), c); err != nil {
			return err
		}
		b, err := t.tenant(c.Tenant)
		if err != nil {
			return err
		}
		if c.Page != nil {
			if err := t.putPage(b, *c.Page); err != nil {
				return err
			}
		}
		for _, one := range rows {
			if err := t.putThreat(b, one); err != nil {
				return err
			}
		}
		if err := s.putEntries(t, b, c.Tenant, leaves); err != nil {
			return err
		}
		for _, job := range c.Jobs {
			if err := s.enqueue(t, c.Tenant, job); err != nil {
				return err
			}
		}
		return nil
	})
}

func valid(c trace.Change) error {
	if err := named("tenant", string(c.Tenant)); err != nil {
		return err
	}
	if c.Page != nil {
		if err := named("page id", c.Page.ID); err != nil {
			return err
		}
	}
	seen := make(map[string]bool, len(c.Threats))
	for _, one := range c.Threats {
		for _, err := range []error{named("threat id", string(one.ID)), named("page id of a threat", one.Page)} {
			if err != nil {
				return err
			}
		}
		row := string(threatKey(one))
		if seen[row] {
			return fault.New(fault.Invalid, "store: threat %s stands twice in one change", one.ID)
		}
		seen[row] = true
		if issue := issueOf(one); issue != "" {
			if err := named("issue id", issue); err != nil {
				return err
			}
		}
	}
	for _, job := range c.Jobs {
		if err := validJob(job); err != nil {
			return err
		}
	}
	return trace.Legal(c)
}

// checkRevs refuses a change against another state than the stored one. b is nil for a tenant that has nothing yet.
func checkRevs(b *bbolt.Bucket, c trace.Change) error {
	if c.Page != nil {
		stored, err := readPage(b, c.Page.ID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if stored.Rev != c.Page.Rev {
			return fault.New(fault.Conflict, "page %s is at rev %d, the change was made against %d: read it again", c.Page.ID, stored.Rev, c.Page.Rev)
		}
	}
	for _, one := range c.Threats {
		if c.Page == nil || c.Page.ID != one.Page {
			if _, err := readPage(b, one.Page); fault.Is(err, fault.NotFound) {
				return fault.New(fault.Invalid, "threat %s of page %s, which was never committed: commit its page with it", one.ID, one.Page)
			} else if err != nil {
				return err
			}
		}
		stored, _, err := readHead(b, threatKey(one))
		if err != nil {
			return err
		}
		if stored != one.Rev {
			return fault.New(fault.Conflict, "threat %s is at rev %d, the change was made against %d: read it again", one.ID, stored, one.Rev)
		}
	}
	return nil
}

// readPage reads a header; fault.NotFound when there is none, or b is nil.
func readPage(b *bbolt.Bucket, page string) (trace.Page, error) {
	var raw []byte
	if b != nil {
		raw = b.Bucket(bucketPages).Get([]byte(page))
	}
	if raw == nil {
		return trace.Page{}, fault.New(fault.NotFound, "page %s was never committed", page)
	}
	return decode[trace.Page]([]byte(page), raw)
}

func (t *tx) putPage(b *bbolt.Bucket, page trace.Page) error {
	page.Rev++
	page.Reviewed = utc(page.Reviewed)
	return t.putJSON(b.Bucket(bucketPages), []byte(page.ID), page)
}
