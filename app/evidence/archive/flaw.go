package archive

import "fmt"

// Part names what is wrong with a pack.
type Part string

// The parts, in the order in which they are looked at.
const (
	Container    Part = "container"    // the ZIP file around the files is not as Throughline writes it
	Name         Part = "name"         // a file's name that is not allowed, or is there twice
	Signature    Part = "signature"    // the manifest is not signed, or is not what was signed
	Key          Part = "key"          // signed by another key than the one expected
	Missing      Part = "missing"      // the manifest names a file that is not there
	Added        Part = "added"        // a file that the manifest does not name
	Content      Part = "content"      // a file's bytes are not those that the manifest tells of
	Rows         Part = "rows"         // a file's records are not as many as the manifest says
	Checkpoint   Part = "checkpoint"   // the checkpoint is not the log's, or not that of the leaves
	Leaves       Part = "leaves"       // the leaves' hashes do not make up the tree
	Entry        Part = "entry"        // an entry is not the one that is in the tree
	Continuation Part = "continuation" // the log is not the former one, continued
	TimeStamp    Part = "time stamp"   // it is not of this log, or not by whom it should be
	Disclosure   Part = "disclosure"   // what the manifest says of entries that are not in the pack cannot be
	Replay       Part = "replay"       // a file says what the disclosed entries do not
)

// Flaw is what is wrong with a pack: the first thing found.
type Flaw struct {
	Part Part   `json:"part"`
	File string `json:"file,omitempty"` // in the pack; empty when it is about the whole
	Text string `json:"text"`
}

func (f *Flaw) Error() string {
	if f.File == "" {
		return f.Text
	}
	return f.File + ": " + f.Text
}

func flaw(part Part, file, format string, args ...any) error {
	return &Flaw{Part: part, File: file, Text: fmt.Sprintf(format, args...)}
}
