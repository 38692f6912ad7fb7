package archive_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/stamp/stamptest"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/store"
)

// part is one file of a pack that is taken apart.
type part struct {
	name    string
	content []byte
}

func takeApart(t testing.TB, pack []byte) (parts []part) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part{f.Name, content})
	}
	return parts
}

// zipped puts parts together in the form of a pack; only manifest and signature are not compressed.
func zipped(t testing.TB, parts []part, comment string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	packer, err := flate.NewWriter(nil, flate.DefaultCompression)
	if err != nil {
		t.Fatal(err)
	}
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { packer.Reset(w); return packer, nil })
	for _, p := range parts {
		method := zip.Deflate
		if strings.HasPrefix(p.name, "manifest.") {
			method = zip.Store
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: method, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(p.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.SetComment(comment), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// restated gives parts a manifest that is true of them, changed by edit, and signed by sign where there is one.
func restated(t testing.TB, parts []part, edit func(*archive.Manifest), sign archive.Log) []part {
	t.Helper()
	parts = slices.Clone(parts)
	n := len(parts)
	var m archive.Manifest
	if err := json.Unmarshal(parts[n-2].content, &m); err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, f := range m.Files {
		rows[f.Name] = f.Rows
	}
	whole := zipped(t, parts[:n-2], "")
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	m.Files = nil
	for i, f := range z.File {
		r, err := f.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		m.Files = append(m.Files, archive.File{
			Name: f.Name, Rows: rows[f.Name], Bytes: f.UncompressedSize64, SHA256: sum(parts[i].content), Packed: f.CompressedSize64, Stored: sum(raw),
		})
	}
	if edit != nil {
		edit(&m)
	}
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	parts[n-2].content = raw
	if sign != nil {
		if parts[n-1].content, err = sign.Attest(t.Context(), site, sha256.Sum256(raw)); err != nil {
			t.Fatal(err)
		}
	}
	return parts
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// edited replaces text in one file.
func edited(t testing.TB, parts []part, name string, edit func(string) string) []part {
	t.Helper()
	parts = slices.Clone(parts)
	at := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
	before := string(parts[at].content)
	after := edit(before)
	if before == after {
		t.Fatalf("the edit of %s changed nothing", name)
	}
	parts[at].content = []byte(after)
	return parts
}

func without(parts []part, name string) []part {
	return slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return p.name == name })
}

func replace(old, with string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, with, 1) }
}

// flipped changes one byte.
func flipped(at int) func(string) string {
	return func(s string) string {
		b := []byte(s)
		b[at] ^= 1
		return string(b)
	}
}

// swapped exchanges the first two lines.
func swapped(s string) string {
	lines := strings.SplitAfter(s, "\n")
	lines[0], lines[1] = lines[1], lines[0]
	return strings.Join(lines, "")
}

func dropped(line int) func(string) string {
	return func(s string) string {
		return strings.Join(slices.Delete(strings.SplitAfter(s, "\n"), line, line+1), "")
	}
}

// TestForgeriesAreNamed holds what is said of each kind of forgery. Outsiders have the pack, perhaps a tool that makes packs, and no
// key; insiders have the key and the store.
func TestForgeriesAreNamed(t *testing.T) {
	s := logOf(t, 40)
	whole := pack(t, s, 40, 20)
	parts := takeApart(t, whole)
	if _, err := verify(t, zipped(t, parts, ""), archive.Expect{}); err != nil {
		t.Fatalf("taken apart and put together again: %v", err)
	}
	if _, err := verify(t, zipped(t, restated(t, parts, nil, s), ""), archive.Expect{}); err != nil {
		t.Fatalf("restated truly: %v", err)
	}
	file := func(name, content string) part { return part{name, []byte(content)} }
	with := func(more part) []part { return append([]part{more}, parts...) }
	checkpoint := func(size uint64) string {
		c, err := s.Checkpoint(t.Context(), site, size)
		if err != nil {
			t.Fatal(err)
		}
		return string(c.Note)
	}
	outside := func(parts []part) []byte { return zipped(t, parts, "") }
	restate := func(parts []part) []byte { return zipped(t, restated(t, parts, nil, nil), "") }
	inside := func(parts []part) []byte { return zipped(t, restated(t, parts, nil, s), "") }
	const entries, leaves = "ledger/entries.jsonl", "ledger/leaves.bin"
	disclose := func(n int) func(*archive.Manifest) {
		return func(m *archive.Manifest) {
			m.Ledger.Disclosed = n
			for i := range m.Files {
				if m.Files[i].Name == entries {
					m.Files[i].Rows = n
				}
			}
		}
	}
	tests := []struct {
		name string
		pack []byte
		part archive.Part
		file string
	}{
		{"not a ZIP file", []byte(strings.Repeat("no pack ", 100)), archive.Container, ""},
		{"empty", nil, archive.Container, ""},
		{"cut off", whole[:len(whole)/2], archive.Container, ""},
		{"cut off at the very end", whole[:len(whole)-1], archive.Container, ""},
		{"something before it", append([]byte("#!/bin/sh\n"), whole...), archive.Container, ""},
		{"something after it", append(bytes.Clone(whole), "more"...), archive.Container, ""},
		{"a comment", zipped(t, parts, "approved by the auditor"), archive.Container, ""},
		{"a name that leads out", outside(with(file("../../etc/cron.d/x", ""))), archive.Name, ""},
		{"a name from the root", outside(with(file("/etc/passwd", ""))), archive.Name, ""},
		{"a name of another system", outside(with(file(`..\x`, ""))), archive.Name, ""},
		{"two files of one name", outside(with(file("threats.csv", "threat,title\r\n"))), archive.Name, "threats.csv"},
		{"names that differ in case only", outside(with(file("Threats.csv", "threat,title\r\n"))), archive.Name, "threats.csv"},
		{"a file added", outside(with(file("extra.csv", "a\r\n"))), archive.Added, "extra.csv"},
		{"a file removed", outside(without(parts, "oscal/poam.json")), archive.Missing, "oscal/poam.json"},
		{"files in another order", outside(append([]part{parts[1], parts[0]}, parts[2:]...)), archive.Container, "threats.csv"},
		{"no manifest", outside(without(parts, "manifest.json")), archive.Missing, "manifest.json"},
		{"no signature", outside(without(parts, "manifest.sig")), archive.Missing, "manifest.json"},
		{"no key", outside(without(parts, "ledger/key")), archive.Missing, "ledger/key"},
		{"a row changed", outside(edited(t, parts, "threats.csv", replace("second", "secund"))), archive.Content, "threats.csv"},
		{"a row removed", outside(edited(t, parts, "threats.csv", replace("T-2,second\r\n", ""))), archive.Content, "threats.csv"},
		{"rows swapped", outside(edited(t, parts, "threats.csv", func(string) string { return "threat,title\r\nT-2,second\r\nT-1,\"first\r\nof two\"\r\n" })), archive.Content, "threats.csv"},
		{"an entry re-dated", outside(edited(t, parts, entries, replace("2026-03-01T12:00:00Z", "2026-02-01T12:00:00Z"))), archive.Content, entries},
		{"entries swapped", outside(edited(t, parts, entries, swapped)), archive.Content, entries},
		{"the checkpoint replaced", outside(edited(t, parts, "ledger/checkpoint", func(string) string { return checkpoint(30) })), archive.Content, "ledger/checkpoint"},
		{"the key replaced", outside(edited(t, parts, "ledger/key", replace("+A", "+B"))), archive.Content, "ledger/key"},
		{"the manifest changed", outside(edited(t, parts, "manifest.json", replace("mira", "karl"))), archive.Signature, "manifest.json"},
		{"the signature changed", outside(edited(t, parts, "manifest.sig", replace("sha256 ", "sha256  "))), archive.Signature, "manifest.sig"},
		{"a row removed and the manifest restated", restate(edited(t, parts, "threats.csv", replace("T-2,second\r\n", ""))), archive.Signature, "manifest.json"},
		{"a file added and the manifest restated", restate(with(file("extra.csv", "a\r\n"))), archive.Signature, "manifest.json"},
		{"made by somebody else", pack(t, logOf(t, 40), 40, 20), archive.Key, "ledger/key"},

		{"inside: a row removed", inside(edited(t, parts, "threats.csv", replace("T-2,second\r\n", ""))), archive.Rows, "threats.csv"},
		{"inside: a row that cannot be read", inside(edited(t, parts, "threats.csv", replace("T-2,second", "T-2,\"second"))), archive.Rows, "threats.csv"},
		{"inside: an entry re-dated", inside(edited(t, parts, entries, replace(`"recorded":"2026-03-01T12:00:00Z"`, `"recorded":"2026-02-01T12:00:00Z"`))), archive.Entry, entries},
		{"inside: an entry of the future", inside(edited(t, parts, entries, replace(`"recorded":"2026-03-01T12:00:00Z"`, `"recorded":"2026-03-01T13:00:00Z"`))), archive.Entry, entries},
		{"inside: entries swapped", inside(edited(t, parts, entries, swapped)), archive.Entry, entries},
		{"inside: an entry twice", inside(edited(t, parts, entries, func(s string) string { return strings.SplitAfter(s, "\n")[0] + s })), archive.Entry, entries},
		{"inside: an entry removed", inside(edited(t, parts, entries, dropped(3))), archive.Rows, entries},
		{
			"inside: an entry by somebody else", zipped(t, restated(t, edited(t, parts, entries, replace(`{"by":"5b10a0"`, `{"by":"5b10a1"`)), nil, s), ""),
			archive.Entry, entries,
		},
		{
			"inside: an entry made up", zipped(t, restated(t, edited(t, parts, entries, func(s string) string {
				return s + strings.Replace(strings.SplitAfter(s, "\n")[0], `"seq":0`, `"seq":40`, 1)
			}), disclose(21), s), ""), archive.Entry, entries,
		},
		{"inside: a leaf written otherwise", inside(edited(t, parts, entries, replace(`"seq":0,`, `"seq":0.0,`))), archive.Entry, entries},
		{"inside: a line that is none", inside(edited(t, parts, entries, replace(`{"leaf":`, `{"loaf":`))), archive.Entry, entries},
		{"inside: a line cut off after its leaf", inside(edited(t, parts, entries, func(s string) string {
			leaf, _, _ := strings.Cut(s, "}")
			_, rest, _ := strings.Cut(s, "\n")
			return leaf + "}\n" + rest
		})), archive.Entry, entries},
		{"inside: a line without end", inside(edited(t, parts, entries, func(s string) string { return strings.TrimSuffix(s, "\n") })), archive.Entry, entries},
		{"inside: a leaf's hash changed", inside(edited(t, parts, leaves, flipped(32))), archive.Leaves, leaves},
		{"inside: a disclosed leaf's hash changed", inside(edited(t, parts, leaves, flipped(0))), archive.Entry, entries},
		{"inside: hashes cut off", inside(edited(t, parts, leaves, func(s string) string { return s[:len(s)-1] })), archive.Leaves, leaves},
		{"inside: a leaf removed", inside(edited(t, parts, leaves, func(s string) string { return s[:len(s)-32] })), archive.Leaves, leaves},
		{"inside: a leaf added", inside(edited(t, parts, leaves, func(s string) string { return s + s[:32] })), archive.Leaves, leaves},
		{"inside: an older checkpoint", inside(edited(t, parts, "ledger/checkpoint", func(string) string { return checkpoint(30) })), archive.Checkpoint, "ledger/checkpoint"},
		{"inside: no checkpoint", inside(edited(t, parts, "ledger/checkpoint", func(string) string { return "" })), archive.Checkpoint, "ledger/checkpoint"},
		{"inside: another previous checkpoint", inside(edited(t, parts, "ledger/previous", func(string) string { return checkpoint(10) })), archive.Checkpoint, "ledger/previous"},
		{"inside: the manifest tells of another log", zipped(t, restated(t, parts, func(m *archive.Manifest) { m.Site = "globex.atlassian.net" }, s), ""), archive.Checkpoint, "ledger/checkpoint"},
		{"inside: another format", zipped(t, restated(t, parts, func(m *archive.Manifest) { m.Format = "throughline-pack@9" }, s), ""), archive.Signature, "manifest.json"},
	}
	known, err := archive.ReadPrevious(t.Context(), bytes.NewReader(whole), int64(len(whole)), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := verify(t, tt.pack, archive.Expect{Key: known.Key})
			var found *archive.Flaw
			if !errors.As(err, &found) {
				t.Fatalf("%v, want a flaw", err)
			}
			if found.Part != tt.part || found.File != tt.file {
				t.Errorf("named as %s of %q, want %s of %q: %v", found.Part, found.File, tt.part, tt.file, found)
			}
		})
	}
}

// TestHistoryWrittenAnew: whoever holds store and key can make another log that is whole in itself; a copy of an earlier checkpoint shows it.
func TestHistoryWrittenAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	reopen := func(from string) store.Store {
		s, err := store.Open(t.Context(), "bolt://"+from, store.Options{Key: []byte("0123456789abcdef0123456789abcdef"), Clock: noon})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	s := reopen(path)
	record(t, s, 0, 10)
	if _, err := s.Checkpoint(t.Context(), site, 10); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	backup, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s = reopen(path)
	record(t, s, 10, 20)
	former := pack(t, s, 20, 10)

	other := filepath.Join(t.TempDir(), "other.db")
	if err := os.WriteFile(other, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	anew := reopen(other)
	if err := anew.Commit(t.Context(), trace.Change{Tenant: site, Entries: []ledger.Entry{entry(99)}}); err != nil {
		t.Fatal(err)
	}
	record(t, anew, 11, 30)
	latter := pack(t, anew, 30, 10)
	if _, err := verify(t, latter, archive.Expect{}); err != nil {
		t.Fatalf("whole in itself: %v", err)
	}
	known, err := archive.ReadPrevious(t.Context(), bytes.NewReader(former), int64(len(former)), "")
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string][]byte{"rewritten": latter, "shorter": pack(t, anew, 15, 10)} {
		var found *archive.Flaw
		if _, err := verify(t, p, archive.Expect{Previous: &known}); !errors.As(err, &found) || found.Part != archive.Continuation {
			t.Errorf("%s: %v, want it named as no continuation", name, err)
		}
	}
	// Nor does a stamp of the former log pass for one of this.
	stamp := stamped(t, s, stamptest.New(t), 20, lately())
	var damage *ledger.Damage
	_, err = archive.New(io.Discard).Close(t.Context(), facts(), anew, archive.Scope{Size: 30, In: func(ledger.Entry) bool { return true }, Stamps: []archive.Stamp{stamp}})
	if !errors.As(err, &damage) {
		t.Errorf("a pack with the former log's stamp: %v, want it refused", err)
	}
	parts := append([]part{{"ledger/stamped-20", stamp.Note}, {"ledger/stamped-20.tsr", stamp.Token}}, takeApart(t, latter)...)
	forged := zipped(t, restated(t, parts, func(m *archive.Manifest) { m.Ledger.Stamps = []archive.Stamped{{Size: 20, Time: stamp.Time}} }, anew), "")
	var found *archive.Flaw
	if _, err := verify(t, forged, archive.Expect{}); !errors.As(err, &found) || found.Part != archive.TimeStamp || found.File != "ledger/stamped-20" {
		t.Errorf("the former log's stamp in a pack of another: %v", err)
	}
	kept, err := archive.ReadPrevious(t.Context(), bytes.NewReader(known.Note), int64(len(known.Note)), known.Key)
	if err != nil || kept.Size != 20 {
		t.Errorf("a checkpoint kept by itself: %+v, %v", kept, err)
	}
}
