package storage_test

import (
	"testing"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/documenttest"
	"github.com/throughline/throughline/app/document/storage"
)

// corpus gives every storage-format body of the shared corpus.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	return documenttest.Corpus(t, "storage/*.*ml", "dev/*.xml", "designs/*.xml")
}

func TestParseCorpus(t *testing.T) {
	for name, body := range corpus(t) {
		t.Run(name, func(t *testing.T) {
			d, err := storage.Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			if err := documenttest.CheckTree(d); err != nil {
				t.Fatal(err)
			}
			for _, err := range documenttest.CheckReading(d, storage.Text, nil) {
				t.Error(err)
			}
			if got, want := storage.Text(string(body)), document.Flatten(d.Root).Text; got != want {
				t.Errorf("the whole body reads otherwise: %q, want %q", got, want)
			}
		})
	}
}
