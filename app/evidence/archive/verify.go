package archive

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
)

// Expect is what the one who verifies knows besides the pack.
type Expect struct {
	Key      string             // the log's public key, from a source that is trusted; empty when there is none
	Previous *ledger.Checkpoint // of a former pack, see ReadPrevious; nil when there is none
	Roots    *x509.CertPool     // of time-stamp authorities that are trusted; nil when there are none
}

// Report is what a pack that verifies says, and what was seen of it.
type Report struct {
	Manifest  Manifest          `json:"manifest"`
	Key       string            `json:"key"`
	Head      ledger.Checkpoint `json:"-"`
	Files     int               `json:"files"`
	Bodies    int               `json:"bodies"`    // disclosed entries whose body stands in the pack and matches
	Erased    int               `json:"erased"`    // of these, the ones whose body stands for an erased one
	Withheld  int               `json:"withheld"`  // disclosed entries whose body was erased after what the pack is as of
	Continues []uint64          `json:"continues"` // sizes of the earlier checkpoints that the log was found to continue
	Stamps    []StampReport     `json:"stamps,omitempty"`
	Hidden    []Range           `json:"undisclosed"` // before, in and after the window, as the disclosed entries around them prove
}

// Verify checks a pack with nothing but itself and what is expected. The error is a *Flaw that names the first thing that is wrong,
// or says why the pack could not be read.
//
// It holds: the container is as Throughline writes it; the key in the pack, which is the expected one, signed the manifest; the
// manifest names exactly the files that are there, with their bytes and their numbers of records; the key signed the checkpoint, and
// the hashes of the leaves make up its tree; every disclosed entry is the one in the tree; the tree continues the previous ones and those
// that were stamped; and what the manifest says of the entries before, in and after the window can be so.
func Verify(ctx context.Context, in io.ReaderAt, size int64, expect Expect) (Report, error) {
	c, err := open(in, size)
	var form *Flaw
	if errors.As(err, &form) && form.Part == Container {
		err = repacked(in, size, form)
	}
	if err != nil {
		return Report{}, err
	}
	v := verifier{container: c, expect: expect}
	if err := v.manifest(); err != nil {
		return Report{}, err
	}
	if err := v.listed(); err != nil {
		return Report{}, err
	}
	// Side by side: the files that are not the ledger's, whose flaw is told first, and the ledger.
	files := make(chan error, 1)
	go func() { files <- v.files(ctx) }()
	logged := v.log(ctx)
	if err := cmp.Or(<-files, logged); err != nil {
		return Report{}, err
	}
	return v.report, nil
}

type verifier struct {
	container

	expect Expect
	report Report
}

// Bounds of what is held in memory.
const (
	mostManifest = 16 << 20
	mostNote     = 4 << 10
)

// manifest checks that the manifest is the one that was signed, by the right key.
func (v *verifier) manifest() error {
	n := len(v.members)
	if n < 2 || v.members[n-2].name != manifestName || v.members[n-1].name != attestationName {
		return flaw(Missing, manifestName, "it and %s must be the last files of a pack, and are not", attestationName)
	}
	at := slices.IndexFunc(v.members, func(m member) bool { return m.name == keyName })
	if at < 0 {
		return flaw(Missing, keyName, "there is no such file")
	}
	raw, err := v.small(v.members[n-2], mostManifest)
	if err != nil {
		return err
	}
	signed, err := v.small(v.members[n-1], mostNote)
	if err != nil {
		return err
	}
	keyFile, err := v.small(v.members[at], mostNote)
	if err != nil {
		return err
	}
	key := keyIn(keyFile)
	sum := ledger.Digest(sha256.Sum256(raw))
	if err := ledger.OpenAttestation(signed, key, sum); err != nil {
		return unsigned(raw, signed, keyFile, sum, err)
	}
	if v.expect.Key != "" && v.expect.Key != key {
		return flaw(Key, keyName, "the pack is signed by %s, and %s was expected: it is another log's, or made by somebody else", key, v.expect.Key)
	}
	if p := v.expect.Previous; p != nil && p.Key != key {
		return flaw(Key, keyName, "the pack is signed by %s, and the previous one by %s: it is another log's, or made by somebody else", key, p.Key)
	}
	m := &v.report.Manifest
	if err := json.Unmarshal(raw, m); err != nil {
		return flaw(Signature, manifestName, "it is signed, and cannot be read: %v", err)
	}
	if m.Format != Format {
		return flaw(Signature, manifestName, "its format is %q and this program knows %s: verify it with the version of Throughline that made it, %s", m.Format, Format, m.Version)
	}
	for _, f := range []struct {
		m       member
		content []byte
	}{{v.members[n-2], raw}, {v.members[n-1], signed}} {
		if int64(len(f.content)) != f.m.plain || crc32.ChecksumIEEE(f.content) != f.m.crc {
			return flaw(Container, f.m.name, "what the ZIP file says of its content is not true")
		}
	}
	v.report.Key = key
	return nil
}

// keyIn is the key in the file of it.
func keyIn(file []byte) string { return strings.TrimSuffix(string(file), "\n") }

// unsigned says what changed when manifest, signature and key do not fit together.
func unsigned(raw, signed, key []byte, sum ledger.Digest, cause error) error {
	var m Manifest
	said := bytes.Contains(signed, []byte("manifest sha256 "+sum.String()+"\n"))
	if said && json.Unmarshal(raw, &m) == nil {
		at := slices.IndexFunc(m.Files, func(f File) bool { return f.Name == keyName })
		if hash := sha256.Sum256(key); at >= 0 && m.Files[at].SHA256 != ledger.Digest(hash).String() {
			return flaw(Content, keyName, "it was changed: it is not what the manifest tells of")
		}
	}
	if said || !strings.Contains(cause.Error(), "another manifest") {
		return flaw(Signature, attestationName, "it is no signature of this manifest by the key in the pack: %v", cause)
	}
	return flaw(Signature, manifestName, "it was changed after it was signed")
}

// small reads a file whole that the manifest does not vouch for yet.
func (c container) small(m member, most int64) ([]byte, error) {
	if m.plain > most || m.method == zip.Store && m.packed != m.plain {
		return nil, flaw(Content, m.name, "it has %d bytes, more than it can have", m.plain)
	}
	r := c.read(m, File{})
	out, err := io.ReadAll(io.LimitReader(r.plain, m.plain+1))
	if err != nil {
		return nil, flaw(Content, m.name, "it cannot be unpacked: it was changed")
	}
	return out, nil
}

// listed checks that the files are those of the manifest.
func (v *verifier) listed() error {
	said := v.report.Manifest.Files
	listed := map[string]File{}
	for _, f := range said {
		listed[f.Name] = f
	}
	here := v.members[:len(v.members)-2]
	for _, m := range here {
		if _, ok := listed[m.name]; !ok {
			return flaw(Added, m.name, "the manifest knows no such file")
		}
	}
	for i, f := range said {
		if !slices.ContainsFunc(here, func(m member) bool { return m.name == f.Name }) {
			return flaw(Missing, f.Name, "the manifest names it, and it is not there")
		}
		if i >= len(here) || here[i].name != f.Name {
			return flaw(Container, f.Name, "it does not stand where the manifest has it")
		}
	}
	v.report.Files = len(v.members)
	return nil
}

// files checks the contents of all files but the ledger's large ones, which log reads.
func (v *verifier) files(ctx context.Context) error {
	for i, m := range v.members[:len(v.members)-2] {
		if err := ctx.Err(); err != nil {
			return err
		}
		if m.name == entriesName || m.name == leavesName {
			continue
		}
		if err := v.file(m, v.report.Manifest.Files[i]); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) file(m member, said File) error {
	r := v.read(m, said)
	rows, counted, err := countRows(m.name, r)
	if _, drained := io.Copy(io.Discard, r); drained != nil { // changed bytes are the better reason than rows that cannot be read
		return drained
	}
	switch {
	case err != nil:
		return flaw(Rows, m.name, "it cannot be read: %v", err)
	case counted && rows != said.Rows:
		return flaw(Rows, m.name, "it has %d records and the manifest says %d", rows, said.Rows)
	}
	return nil
}

// whole reads one of the ledger's small files, which files checked.
func (v *verifier) whole(name string, most int64) ([]byte, error) {
	at := slices.IndexFunc(v.members, func(m member) bool { return m.name == name })
	if at < 0 {
		return nil, flaw(Missing, name, "there is no such file")
	}
	return v.small(v.members[at], most)
}

// log checks the ledger's part.
func (v *verifier) log(ctx context.Context) error {
	said, key := v.report.Manifest.Ledger, v.report.Key
	raw, err := v.whole(checkpointName, mostNote)
	if err != nil {
		return err
	}
	head, err := ledger.OpenCheckpoint(raw, key)
	switch {
	case err != nil:
		return flaw(Checkpoint, checkpointName, "%v", err)
	case head.Origin != said.Origin || head.Origin != ledger.Origin(v.report.Manifest.Site):
		return flaw(Checkpoint, checkpointName, "it is of the log %s, and the pack of %s", head.Origin, v.report.Manifest.Site)
	case head.Size != said.Size || base64.StdEncoding.EncodeToString(head.Root[:]) != said.Root:
		return flaw(Checkpoint, checkpointName, "it is another one than the manifest tells of")
	}
	v.report.Head = head
	earlier, err := v.earlier(head, said, key)
	if err != nil {
		return err
	}
	stamps, err := v.stamps(head, said, key)
	if err != nil {
		return err
	}
	w, err := v.walk(ctx, head, append(slices.Clone(earlier), stamps...))
	if err != nil {
		return err
	}
	v.report.Hidden = w.bounds.ranges()
	v.report.Bodies, v.report.Erased, v.report.Withheld = w.bodies, w.erased, w.withheld
	for _, c := range earlier {
		if !slices.Contains(v.report.Continues, c.Size) {
			v.report.Continues = append(v.report.Continues, c.Size)
		}
	}
	return nil
}

// pin is a checkpoint whose tree the log must begin with, and what is wrong when it does not.
type pin struct {
	ledger.Checkpoint

	otherwise error
}

func continued(c ledger.Checkpoint) pin {
	return pin{c, flaw(Continuation, leavesName, "the first %d entries are not those of the earlier checkpoint: the log was written anew", c.Size)}
}

// earlier are the checkpoints that the log must continue.
func (v *verifier) earlier(head ledger.Checkpoint, said Ledger, key string) ([]pin, error) {
	var out []pin
	raw, err := v.whole(previousName, mostNote)
	var absent *Flaw
	switch {
	case errors.As(err, &absent) && absent.Part == Missing && said.Previous == 0:
	case err != nil:
		return nil, err
	default:
		c, err := ledger.OpenCheckpoint(raw, key)
		if err != nil {
			return nil, flaw(Checkpoint, previousName, "%v", err)
		}
		if c.Origin != head.Origin || c.Size != said.Previous || c.Size > head.Size {
			return nil, flaw(Checkpoint, previousName, "it is another one than the manifest tells of")
		}
		out = append(out, continued(c))
	}
	if p := v.expect.Previous; p != nil {
		if p.Origin != head.Origin {
			return nil, flaw(Continuation, checkpointName, "it is of the log %s, and the previous pack's of %s", head.Origin, p.Origin)
		}
		if p.Size > head.Size {
			return nil, flaw(Continuation, checkpointName, "it has %d entries and the previous pack's %d: entries are gone, or the two packs were given in the wrong order",
				head.Size, p.Size)
		}
		out = append(out, continued(*p))
	}
	return out, nil
}

// ReadPrevious reads the checkpoint of a former pack, which must verify, or one that was kept by itself.
func ReadPrevious(ctx context.Context, in io.ReaderAt, size int64, key string) (ledger.Checkpoint, error) {
	if size <= mostNote {
		raw := make([]byte, size)
		if err := readAt(in, raw, 0); err != nil {
			return ledger.Checkpoint{}, err
		}
		if !bytes.HasPrefix(raw, []byte("PK")) {
			if key == "" {
				return ledger.Checkpoint{}, fault.New(fault.Invalid, "a checkpoint by itself says nothing without the key that signed it: give --key too")
			}
			return ledger.OpenCheckpoint(raw, key)
		}
	}
	r, err := Verify(ctx, in, size, Expect{Key: key})
	return r.Head, err
}
