// Package archive is the container of an evidence pack: a ZIP file that the same input gives byte for byte, with a manifest of
// everything in it, the part of the ledger that it rests on, and a page that says how to verify it without this program.
package archive

import (
	"time"

	"github.com/throughline/throughline/app/tenant"
)

// Format is the version of the container's layout, which the manifest names. 2 has the entries by window, and time stamps.
const Format = "throughline-pack@2"

// The files that every pack has beside its maker's.
const (
	manifestName    = "manifest.json" // the last but one, not compressed
	attestationName = "manifest.sig"  // the last, not compressed
	guideName       = "VERIFY.md"
	entriesName     = "ledger/entries.jsonl"
	leavesName      = "ledger/leaves.bin"
	checkpointName  = "ledger/checkpoint"
	previousName    = "ledger/previous" // there when a pack was exported before
	keyName         = "ledger/key"
)

// Facts are what a pack's maker says of it.
type Facts struct {
	Site      tenant.ID         `json:"site"`
	From      time.Time         `json:"from"` // UTC; the window is half-open
	To        time.Time         `json:"to"`
	AsOf      time.Time         `json:"as_of"` // what was recorded at or after it is not in the pack
	Framework string            `json:"framework,omitempty"`
	Query     map[string]string `json:"query,omitempty"`  // what else narrowed it, and the sample's size and seed
	By        string            `json:"by"`               // who ran it, as the machine knows them
	Version   string            `json:"version"`          // of the program
	Counts    map[string]int    `json:"counts,omitempty"` // of the population, by name
	Notes     []string          `json:"notes,omitempty"`  // what a reader must know, such as why nothing was reconciled
	Entries   Spread            `json:"entries"`          // of the ledger; a maker that leaves it out has it counted, without reasons
}

// Ledger is what the manifest says of the log behind a pack.
type Ledger struct {
	Origin    string `json:"origin"`
	Size      uint64 `json:"size"`               // entries in the tree
	Root      string `json:"root"`               // base64, as in the checkpoint
	Previous  uint64 `json:"previous,omitempty"` // size of the tree of the pack before; 0 when there was none
	Disclosed int    `json:"disclosed"`          // entries whose leaf is in the pack

	Stamps []Stamped `json:"stamps,omitempty"` // by size
}

// File is what the manifest says of one file.
type File struct {
	Name   string `json:"name"`
	Rows   int    `json:"rows"`   // records: lines of JSONL, of CSV without the head; else as the maker counts; 0 where there are none to count
	Bytes  uint64 `json:"bytes"`  // before compression
	SHA256 string `json:"sha256"` // of these, hexadecimal
	Packed uint64 `json:"packed"` // bytes in the ZIP file
	Stored string `json:"stored"` // SHA-256 of these, hexadecimal: compression leaves room for bits that change nothing
}

// Manifest is manifest.json.
type Manifest struct {
	Format string `json:"format"`
	Facts
	Ledger Ledger `json:"ledger"`
	Files  []File `json:"files"` // in the order of the ZIP file
}
