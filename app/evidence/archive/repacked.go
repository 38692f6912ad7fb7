package archive

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/throughline/throughline/app/ledger"
)

// repacked looks past the form of a ZIP file that some other program wrote. Where its files are others than the signed manifest tells of,
// that is what is wrong with it, more than its form; where they are the same, the flaw says so.
func repacked(in io.ReaderAt, size int64, form *Flaw) error {
	z, err := zip.NewReader(in, size)
	if err != nil {
		return form
	}
	found := map[string][]byte{}
	for name, most := range map[string]int64{manifestName: mostManifest, attestationName: mostNote, keyName: mostNote} {
		if found[name], err = readRepacked(z, name, most); err != nil {
			return form
		}
	}
	raw, signed, keyFile := found[manifestName], found[attestationName], found[keyName]
	sum := ledger.Digest(sha256.Sum256(raw))
	if err := ledger.OpenAttestation(signed, keyIn(keyFile), sum); err != nil {
		return unsigned(raw, signed, keyFile, sum, err)
	}
	var m Manifest
	if json.Unmarshal(raw, &m) != nil {
		return form
	}
	for _, f := range z.File {
		if f.Name != manifestName && f.Name != attestationName && !slices.ContainsFunc(m.Files, func(said File) bool { return said.Name == f.Name }) {
			return flaw(Added, f.Name, "the manifest knows no such file")
		}
	}
	for _, said := range m.Files {
		if err := compareRepacked(z, said); err != nil {
			var other *Flaw
			if errors.As(err, &other) {
				return other
			}
			return form
		}
	}
	return flaw(form.Part, form.File, "%s. The files in it are the ones that the key in it signed, so another program packed them anew: ask for the pack as it was exported", form.Text)
}

func readRepacked(z *zip.Reader, name string, most int64) ([]byte, error) {
	r, err := z.Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, most))
}

// compareRepacked returns a Flaw for a file that is another than the manifest's, and another error for one that cannot be read.
func compareRepacked(z *zip.Reader, said File) error {
	if !slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == said.Name }) {
		return flaw(Missing, said.Name, "the manifest names it, and it is not there")
	}
	r, err := z.Open(said.Name)
	if err != nil {
		return err
	}
	defer r.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(r, int64(min(said.Bytes, limit))+1))
	if err != nil {
		return err
	}
	if uint64(n) != said.Bytes || ledger.Digest(sum.Sum(nil)).String() != said.SHA256 {
		return flaw(Content, said.Name, "it was changed: it is not what the manifest tells of")
	}
	return nil
}
