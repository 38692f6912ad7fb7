package bolt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/throughline/throughline/app/anchor"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

const acme tenant.ID = "acme.atlassian.net"

// recordTest records so many entries.
func recordTest(t testing.TB, s *Store, n int) {
	t.Helper()
	entries := make([]ledger.Entry, n)
	for i := range entries {
		entries[i] = ledger.Entry{Kind: ledger.Owned, Page: "1", Threat: "T-1", By: fmt.Sprint("acc-", i), Data: ledger.Encode(ledger.OwnerFact{Owner: threat.Owner{Reason: "the page states it"}})}
	}
	if err := s.Commit(t.Context(), trace.Change{Tenant: acme, Entries: entries}); err != nil {
		t.Fatal(err)
	}
}

func checkpointTest(t testing.TB, s *Store, size uint64) ledger.Checkpoint {
	t.Helper()
	c, err := s.Checkpoint(t.Context(), acme, size)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tamper changes a tenant's buckets as somebody with a tool for bbolt files could.
func tamper(t *testing.T, s *Store, do func(*bbolt.Bucket) error) {
	t.Helper()
	if err := s.db.Update(func(btx *bbolt.Tx) error { return do(btx.Bucket(bucketTenants).Bucket([]byte(acme))) }); err != nil {
		t.Fatal(err)
	}
}

func edit(bucket []byte, seq uint64, old, replacement string) func(*bbolt.Bucket) error {
	return func(b *bbolt.Bucket) error {
		rows := b.Bucket(bucket)
		raw := rows.Get(number(seq))
		changed := bytes.Replace(raw, []byte(old), []byte(replacement), 1)
		if bytes.Equal(raw, changed) {
			return fmt.Errorf("the edit of %q changed nothing", raw)
		}
		return rows.Put(number(seq), changed)
	}
}

func redate(seq uint64) func(*bbolt.Bucket) error {
	return func(b *bbolt.Bucket) error {
		rows := b.Bucket(bucketLedger)
		row := entryRow(rows.Get(number(seq)))
		entry, err := row.entry(number(seq))
		if err != nil {
			return err
		}
		entry.Recorded = entry.Recorded.AddDate(-1, 0, 0)
		return rows.Put(number(seq), newRow(ledger.Leaf{Entry: entry, Salt: row.salt()}, row.hashes()))
	}
}

// shorten leaves an entry's hashes and some bytes of the entry itself.
func shorten(seq uint64) func(*bbolt.Bucket) error {
	return func(b *bbolt.Bucket) error {
		row := entryRow(b.Bucket(bucketLedger).Get(number(seq)))
		return b.Bucket(bucketLedger).Put(number(seq), bytes.Clone(row[:rowHashes+row.count()*tlog.HashSize+20]))
	}
}

func flip(bucket []byte, seq uint64, at int) func(*bbolt.Bucket) error {
	return func(b *bbolt.Bucket) error {
		raw := bytes.Clone(b.Bucket(bucket).Get(number(seq)))
		if at < 0 {
			at += len(raw)
		}
		raw[at] ^= 1
		return b.Bucket(bucket).Put(number(seq), raw)
	}
}

// unhash makes the rows what a version that hashed nothing wrote.
func unhash(b *bbolt.Bucket) error {
	for seq := range treeOf(b).size() {
		if err := unhashOne(b, seq); err != nil {
			return err
		}
	}
	return nil
}

func unhashOne(b *bbolt.Bucket, seq uint64) error {
	rows := b.Bucket(bucketLedger)
	entry, err := entryRow(rows.Get(number(seq))).entry(number(seq))
	if err != nil {
		return err
	}
	raw, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	return rows.Put(number(seq), raw)
}

// TestChangedStoreIsFound changes the file behind the store's back. The last cases take the hashes along: only what was signed, or is
// kept outside, tells of them.
func TestChangedStoreIsFound(t *testing.T) {
	const entries = 10
	// anew makes the tree over the entries as they are, as the migration would.
	anew := func(b *bbolt.Bucket) error {
		if err := unhash(b); err != nil {
			return err
		}
		return (&tx{Tx: b.Tx()}).hashSome(b)
	}
	unsigned := func(b *bbolt.Bucket) error {
		if err := b.DeleteBucket(bucketCheckpoints); err != nil {
			return err
		}
		_, err := b.CreateBucket(bucketCheckpoints)
		return err
	}
	cut := func(b *bbolt.Bucket) error {
		return b.Bucket(bucketLedger).Delete(number(entries - 1))
	}
	tests := []struct {
		name string
		do   []func(*bbolt.Bucket) error
		want string
	}{
		{"nothing", nil, ""},
		{"an entry's kind", []func(*bbolt.Bucket) error{edit(bucketLedger, 3, "threat.owned", "threat.moved")}, "entry 3 does not match its hash"},
		{"an entry re-dated", []func(*bbolt.Bucket) error{redate(3)}, "entry 3 does not match its hash"},
		{"who did it", []func(*bbolt.Bucket) error{edit(bucketLedger, 3, "acc-3", "acc-4")}, "entry 3 does not match its hash"},
		{"what it says", []func(*bbolt.Bucket) error{edit(bucketLedger, 3, "states", "denies")}, "entry 3 does not match its hash"},
		{"an entry that is none", []func(*bbolt.Bucket) error{shorten(3)}, "entry 3 cannot be read"},
		{"a salt", []func(*bbolt.Bucket) error{flip(bucketLedger, 3, 1)}, "entry 3 does not match its hash"},
		{"a leaf's hash", []func(*bbolt.Bucket) error{flip(bucketLedger, 4, rowHashes)}, "entry 4 does not match its hash"},
		{"a hash above it", []func(*bbolt.Bucket) error{flip(bucketLedger, 3, rowHashes+2*tlog.HashSize)}, "the tree above entry 3 is not that of its leaves"},
		{"an entry in the middle", []func(*bbolt.Bucket) error{func(b *bbolt.Bucket) error { return b.Bucket(bucketLedger).Delete(number(2)) }}, "entry 2 is missing"},
		{"one that hashes above build on", []func(*bbolt.Bucket) error{func(b *bbolt.Bucket) error { return b.Bucket(bucketLedger).Delete(number(1)) }}, "entry 1 is missing"},
		{"the number of hashes", []func(*bbolt.Bucket) error{flip(bucketLedger, 3, rowHashes-1)}, "entry 3 cannot be read"},
		{"a checkpoint", []func(*bbolt.Bucket) error{edit(bucketCheckpoints, 6, "\n6\n", "\n5\n")}, "the kept checkpoint of 6 entries"},
		{"an erasure that nobody told of", []func(*bbolt.Bucket) error{func(b *bbolt.Bucket) error {
			raw := b.Bucket(bucketLedger).Get(number(3))
			old, err := readLeaf(b, number(3), raw)
			if err != nil {
				return err
			}
			another := old.Entry
			another.By = "somebody else"
			return (&tx{Tx: b.Tx()}).replaceBody(b, old, ledger.Commit(another), 9)
		}}, "no entry tells of its erasure"},
		{"an entry, and all hashes", []func(*bbolt.Bucket) error{edit(bucketLedger, 3, "acc-3", "acc-4"), anew}, "the first 6 entries are not those whose checkpoint was signed"},
		{"the last entry", []func(*bbolt.Bucket) error{cut}, "has 9 entries, and a checkpoint of 10 is kept outside"},
		{"an entry, all hashes and all checkpoints", []func(*bbolt.Bucket) error{edit(bucketLedger, 3, "acc-3", "acc-4"), anew, unsigned}, "the first 10 entries are not those whose checkpoint is kept outside"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := openTest(t, Options{})
			recordTest(t, s, entries)
			folder := anchor.Folder{Path: t.TempDir()}
			outside, err := anchor.Keep(t.Context(), folder, s, acme)
			if err != nil {
				t.Fatal(err)
			}
			checkpointTest(t, s, 6)
			if len(tt.do) > 0 && strings.Contains(tt.want, "outside") {
				tamper(t, s, unsigned) // as if only the outside one were left
				checkpointTest(t, s, 6)
			}
			for _, do := range tt.do {
				tamper(t, s, do)
			}
			got, err := ledger.Check(t.Context(), s, acme, []ledger.Checkpoint{outside})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got.Wrong, tt.want) || (got.Wrong == "") != (tt.want == "") {
				t.Errorf("found %q, want %q", got.Wrong, tt.want)
			}
		})
	}
}

// TestNothingInconsistentIsSigned: once a checkpoint is signed, none that does not continue it is, and what is kept outside stays.
func TestNothingInconsistentIsSigned(t *testing.T) {
	s := openTest(t, Options{})
	folder := anchor.Folder{Path: t.TempDir()}
	recordTest(t, s, 10)
	kept, err := anchor.Keep(t.Context(), folder, s, acme)
	if err != nil {
		t.Fatal(err)
	}
	tamper(t, s, edit(bucketLedger, 3, "acc-3", "acc-4"))
	tamper(t, s, unhash)
	tamper(t, s, func(b *bbolt.Bucket) error { return (&tx{Tx: b.Tx()}).hashSome(b) })
	recordTest(t, s, 2)
	for _, size := range []uint64{5, 12, ledger.Newest} {
		if c, err := s.Checkpoint(t.Context(), acme, size); !fault.Is(err, fault.Conflict) {
			t.Errorf("checkpoint of %d: %+v, %v; want a conflict", size, c, err)
		}
	}
	if _, err := anchor.Keep(t.Context(), folder, s, acme); !fault.Is(err, fault.Conflict) {
		t.Errorf("keeping: %v, want a conflict", err)
	}
	if got, err := folder.Read(t.Context(), acme); err != nil || !bytes.Equal(got, kept.Note) {
		t.Errorf("what is kept outside became %q, %v", got, err)
	}
}

// TestOlderCopyOfTheStore restores a backup that the log has gone on from.
func TestOlderCopyOfTheStore(t *testing.T) {
	s := openTest(t, Options{})
	folder := anchor.Folder{Path: t.TempDir()}
	recordTest(t, s, 10)
	checkpointTest(t, s, 10)
	var backup bytes.Buffer
	if err := s.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	recordTest(t, s, 5)
	newest, err := anchor.Keep(t.Context(), folder, s, acme)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "restored.db")
	if err := os.WriteFile(path, backup.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	older, err := Open(t.Context(), path, Options{Key: []byte("0123456789abcdef0123456789abcdef")})
	if err != nil {
		t.Fatal(err)
	}
	defer older.Close()
	for _, more := range []int{0, 20} { // at once, and after the log went on in another way
		if more > 0 {
			recordTest(t, older, more)
		}
		if _, err := anchor.Keep(t.Context(), folder, older, acme); !fault.Is(err, fault.Conflict) {
			t.Errorf("%d entries later: %v, want a conflict", more, err)
		}
		got, err := ledger.Check(t.Context(), older, acme, []ledger.Checkpoint{newest})
		if err != nil || !strings.Contains(got.Wrong, "kept outside") {
			t.Errorf("%d entries later the check says %q, %v", more, got.Wrong, err)
		}
	}
}

// TestOlderLedgersAreHashedOnce: a store that was written without a tree gets one, also when that was interrupted.
func TestOlderLedgersAreHashedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	reopen := func() *Store {
		s, err := Open(t.Context(), path, Options{Key: []byte("0123456789abcdef0123456789abcdef")})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := reopen()
	recordTest(t, s, 10)
	tamper(t, s, func(b *bbolt.Bucket) error { // as an older version left it
		for _, name := range logBuckets() {
			if err := b.DeleteBucket(name); err != nil {
				return err
			}
		}
		return unhash(b)
	})
	if _, err := s.Prove(t.Context(), acme, 0, 1); !fault.Is(err, fault.Conflict) {
		t.Errorf("before: %v, want it said that nothing was hashed", err)
	}
	var roots []tlog.Hash
	for _, interrupt := range []bool{false, true, false} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = reopen()
		got, err := ledger.Check(t.Context(), s, acme, nil)
		if err != nil || got.Wrong != "" || got.Entries != 10 {
			t.Errorf("%+v, %v", got, err)
		}
		roots = append(roots, checkpointTest(t, s, 6).Root)
		if interrupt {
			tamper(t, s, func(b *bbolt.Bucket) error {
				for seq := uint64(7); seq < 10; seq++ {
					if err := unhashOne(b, seq); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	if roots[0] != roots[1] || roots[1] != roots[2] {
		t.Errorf("hashed more than once: %v", roots)
	}
	recordTest(t, s, 1)
	if got, err := ledger.Check(t.Context(), s, acme, nil); err != nil || got.Wrong != "" || got.Entries != 11 {
		t.Errorf("after one more: %+v, %v", got, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestEntriesOfSchema2StayAsTheyAre: rows whose entry is JSON are read, proved and followed, with the same root.
func TestEntriesOfSchema2StayAsTheyAre(t *testing.T) {
	path := filepath.Join(t.TempDir(), "older.db")
	o := Options{Key: []byte("0123456789abcdef0123456789abcdef")}
	reopen := func(o Options) *Store {
		s, err := Open(t.Context(), path, o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	entries := func(s *Store) (out []ledger.Entry) {
		if err := s.Entries(t.Context(), acme, 0, func(e ledger.Entry) bool {
			out = append(out, e)
			return true
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	check := func(s *Store) ledger.Checked {
		got, err := ledger.Check(t.Context(), s, acme, nil)
		if err != nil || got.Wrong != "" {
			t.Fatalf("check: %+v, %v", got, err)
		}
		return got
	}
	s := reopen(o)
	recordTest(t, s, 10)
	want, root := entries(s), check(s).Root
	tamper(t, s, func(b *bbolt.Bucket) error { // as the program of schema 2 left them
		for seq := range uint64(10) {
			rows := b.Bucket(bucketLedger)
			row := entryRow(rows.Get(number(seq)))
			raw, err := json.Marshal(want[seq])
			if err != nil {
				return err
			}
			older := append(bytes.Clone(row[:rowHashes+row.count()*tlog.HashSize]), raw...)
			older[0] = rowJSON
			if err := rows.Put(number(seq), older); err != nil {
				return err
			}
		}
		return b.Tx().Bucket(bucketMeta).Put(keySchema, []byte("2"))
	})
	for _, o := range []Options{o, {ReadOnly: true, Key: o.Key}, o} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = reopen(o)
		if diff := cmp.Diff(want, entries(s)); diff != "" {
			t.Error(diff)
		}
		if got := check(s).Root; got != root {
			t.Errorf("the root became %s, was %s", got, root)
		}
	}
	recordTest(t, s, 3)
	if got := check(s); got.Entries != 13 {
		t.Errorf("%d entries", got.Entries)
	}
	if err := s.db.View(func(btx *bbolt.Tx) error {
		if got := btx.Bucket(bucketMeta).Get(keySchema); !bytes.Equal(got, schemaNow) {
			t.Errorf("schema %s", got)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCheckpointsComeByThemselves: after so many entries, the commit signs one.
func TestCheckpointsComeByThemselves(t *testing.T) {
	s := openTest(t, Options{})
	recordTest(t, s, every-1)
	for _, want := range []int{0, 1, 1} {
		signed, err := s.Signed(t.Context(), acme)
		if err != nil || len(signed) != want {
			t.Errorf("%d checkpoints, %v; want %d", len(signed), err, want)
		}
		recordTest(t, s, 1)
	}
}
