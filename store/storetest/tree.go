package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/store"
)

// record records so many entries, in commits of three.
func record(t *testing.T, s store.Store, id tenant.ID, n int) {
	t.Helper()
	var batch []ledger.Entry
	for i := range n {
		batch = append(batch, ledger.Entry{
			Kind: ledger.Owned, Page: "1", Threat: fmt.Sprint("T-", i), Version: 3, By: "5b10a2844c20165700ede21g", Occurred: noon, Observed: noon,
			Data: json.RawMessage(`{ "owner": {"account":"5b10a2844c20165700ede21g", "name":"Mira <Holm> & ü` + "\u2028" + `"} }`),
		})
		if len(batch) == 3 || i == n-1 {
			wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: id, Entries: batch}))
			batch = nil
		}
	}
}

func leavesOf(t *testing.T, s store.Store, from uint64) (out []ledger.Leaf) {
	t.Helper()
	wantNone(t, s.Leaves(t.Context(), acme, from, func(l ledger.Leaf) bool { out = append(out, l); return true }))
	return out
}

func rootOf(leaves []ledger.Leaf) tlog.Hash {
	var edge ledger.Edge
	for _, l := range leaves {
		edge.Add(l.Hash())
	}
	return edge.Root()
}

func sound(t *testing.T, s store.Store, id tenant.ID) ledger.Checked {
	t.Helper()
	got, err := ledger.Check(t.Context(), s, id, nil)
	wantNone(t, err)
	if got.Wrong != "" {
		t.Errorf("the ledger of %s is found wrong: %s", id, got.Wrong)
	}
	return got
}

func exerciseTree(t *testing.T, open Open) {
	t.Run("checkpoints and proofs", func(t *testing.T) {
		s := start(t, open, store.Options{})
		record(t, s, acme, 20)
		leaves := leavesOf(t, s, 0)
		for size := uint64(1); size <= 20; size += 3 {
			c, err := s.Checkpoint(t.Context(), acme, size)
			wantNone(t, err)
			if c.Size != size || c.Root != rootOf(leaves[:size]) || c.Origin != "acme.atlassian.net/throughline" {
				t.Errorf("checkpoint of %d: %+v", size, c)
			}
			if read, err := ledger.OpenCheckpoint(c.Note, c.Key); err != nil || cmp.Diff(c, read) != "" {
				t.Errorf("the signed checkpoint of %d reads as %+v, %v", size, read, err)
			}
			for seq := range size {
				proof, err := s.Prove(t.Context(), acme, seq, size)
				wantNone(t, err)
				if err := tlog.CheckRecord(proof, int64(size), c.Root, int64(seq), leaves[seq].Hash()); err != nil {
					t.Errorf("entry %d in a tree of %d: %v", seq, size, err)
				}
			}
		}
		_, err := s.Checkpoint(t.Context(), acme, 21)
		wantKind(t, err, fault.NotFound)
		_, err = s.Prove(t.Context(), acme, 5, 5)
		wantKind(t, err, fault.NotFound)
		_, err = s.Prove(t.Context(), acme, 0, 21)
		wantKind(t, err, fault.NotFound)
		if rest := leavesOf(t, s, 18); len(rest) != 2 || rest[0].Entry.Seq != 18 {
			t.Errorf("leaves from 18: %+v", rest)
		}
		if got := sound(t, s, acme); got.Entries != 20 || got.Checkpoints != 7 {
			t.Errorf("checked %+v, want 20 entries and 7 checkpoints", got)
		}
	})
	t.Run("the same over a restart", func(t *testing.T) {
		s := start(t, open, store.Options{})
		record(t, s, acme, 5)
		first, err := s.Checkpoint(t.Context(), acme, ledger.Newest)
		wantNone(t, err)
		record(t, s, acme, 4)
		wantNone(t, s.Close())
		s = start(t, open, store.Options{ReadOnly: true})
		again, err := s.Checkpoint(t.Context(), acme, 5)
		wantNone(t, err)
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("-first +again\n%s", diff)
		}
		_, err = s.Checkpoint(t.Context(), acme, ledger.Newest)
		wantKind(t, err, fault.Denied)
		wantNone(t, s.Close())
		s = start(t, open, store.Options{})
		later, err := s.Checkpoint(t.Context(), acme, ledger.Newest)
		wantNone(t, err)
		if later.Size != 9 || later.Key != first.Key {
			t.Errorf("got %+v, want 9 entries, signed with the key of %+v", later, first)
		}
		signed, err := s.Signed(t.Context(), acme)
		wantNone(t, err)
		if diff := cmp.Diff([]ledger.Checkpoint{first, later}, signed); diff != "" {
			t.Errorf("signed (-want +got)\n%s", diff)
		}
	})
	t.Run("is the tenant's own", func(t *testing.T) {
		s := start(t, open, store.Options{})
		_, err := s.Checkpoint(t.Context(), globex, 0)
		wantKind(t, err, fault.NotFound)
		record(t, s, acme, 3)
		record(t, s, globex, 3)
		a, err := s.Checkpoint(t.Context(), acme, ledger.Newest)
		wantNone(t, err)
		b, err := s.Checkpoint(t.Context(), globex, ledger.Newest)
		wantNone(t, err)
		if a.Key == b.Key || a.Origin == b.Origin || a.Root == b.Root {
			t.Errorf("two tenants share what must be their own: %+v and %+v", a, b)
		}
	})
	t.Run("attests packs", func(t *testing.T) {
		s := start(t, open, store.Options{})
		record(t, s, acme, 1)
		c, err := s.Checkpoint(t.Context(), acme, ledger.Newest)
		wantNone(t, err)
		manifest := ledger.Digest{1, 2, 3}
		signed, err := s.Attest(t.Context(), acme, manifest)
		wantNone(t, err)
		wantNone(t, ledger.OpenAttestation(signed, c.Key, manifest))
		wantKind(t, ledger.OpenAttestation(signed, c.Key, ledger.Digest{9}), fault.Unverified)
		if _, err := ledger.OpenCheckpoint(signed, c.Key); err == nil {
			t.Error("an attestation passes for a checkpoint")
		}
		wantKind(t, ledger.OpenAttestation(c.Note, c.Key, manifest), fault.Unverified)
	})
	t.Run("leaves hide what is personal", func(t *testing.T) {
		s := start(t, open, store.Options{})
		record(t, s, acme, 2)
		leaves := leavesOf(t, s, 0)
		for _, l := range leaves {
			read, err := ledger.ParseLeaf(l.Bytes())
			wantNone(t, err)
			if read.Entry.By != "" || read.Entry.Data != nil || !l.Opens() {
				t.Errorf("leaf %s of %+v", l.Bytes(), l)
			}
		}
		if leaves[0].Digest == leaves[1].Digest || leaves[0].Salt == leaves[1].Salt {
			t.Error("equal bodies have equal digests: who knows one knows the other")
		}
	})
	t.Run("erasure", func(t *testing.T) { exerciseErase(t, open) })
}

func exerciseErase(t *testing.T, open Open) {
	s := start(t, open, store.Options{})
	record(t, s, acme, 10)
	before, err := s.Checkpoint(t.Context(), acme, ledger.Newest)
	wantNone(t, err)
	old := leavesOf(t, s, 0)

	other := old[3].Entry
	other.Page = "2"
	_, err = s.Erase(t.Context(), acme, ledger.Erasure{Entries: []ledger.Entry{old[0].Entry, other}})
	wantKind(t, err, fault.Conflict)
	_, err = s.Erase(t.Context(), acme, ledger.Erasure{Entries: []ledger.Entry{{Seq: 99}}})
	wantKind(t, err, fault.Conflict)
	_, err = s.Erase(t.Context(), acme, ledger.Erasure{})
	wantKind(t, err, fault.Invalid)
	if diff := cmp.Diff(old, leavesOf(t, s, 0)); diff != "" {
		t.Fatalf("a refused erasure left a trace (-want +got)\n%s", diff)
	}

	changed, told, err := ledger.Erase(t.Context(), s, s, acme, "5b10a2844c20165700ede21g", nil, ledger.Erasure{Why: "asked for", By: "root"})
	wantNone(t, err)
	if changed != 10 || told != 10 {
		t.Errorf("changed %d, told of in %d; want 10 and 10", changed, told)
	}
	now := leavesOf(t, s, 0)
	for i, l := range now[:10] {
		if l.Hash() != old[i].Hash() || l.ErasedBy != 10 || l.Opens() || l.Salt == old[i].Salt {
			t.Errorf("entry %d: %+v", i, l)
		}
		if said := l.Entry.By + string(l.Entry.Data); said == "" || strings.Contains(said, "5b10a") || strings.Contains(said, "Mira") {
			t.Errorf("entry %d still says %s", i, said)
		}
	}
	record(t, s, acme, 1)
	wantNone(t, s.Close())
	s = start(t, open, store.Options{})
	again, err := s.Checkpoint(t.Context(), acme, 10)
	wantNone(t, err)
	if diff := cmp.Diff(before, again); diff != "" {
		t.Errorf("the checkpoint from before (-want +got)\n%s", diff)
	}
	if got := sound(t, s, acme); got.Entries != 12 || got.Erased != 10 {
		t.Errorf("checked %+v", got)
	}
	_, _, err = ledger.Erase(t.Context(), s, s, acme, "nobody-of-this-name", nil, ledger.Erasure{Why: "asked for", By: "root"})
	wantKind(t, err, fault.NotFound)

	// Who was not reached the first time is erased a second time, and the newer entry vouches for it then.
	if _, told, err = ledger.Erase(t.Context(), s, s, acme, "5b10a2844c20165700ede21g", nil, ledger.Erasure{Why: "again", By: "root"}); err != nil || told != 12 {
		t.Errorf("again: entry %d, %v", told, err)
	}
	sound(t, s, acme)
}
