package confluence_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/sandbox/confluence"
)

// Bodies that other tools write are accepted as they are.
func TestCheckBodyAcceptsRealBodies(t *testing.T) {
	for _, pattern := range []string{"storage/*.*ml", "dev/*.xml", "designs/*.xml"} {
		paths, err := filepath.Glob(filepath.Join(contracttest.Path(t, "corpus"), pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no bodies at %s: %v", pattern, err)
		}
		for _, path := range paths {
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := confluence.CheckBody(string(body)); err != nil {
				t.Errorf("%s: %v", filepath.Base(path), err)
			}
		}
	}
}
