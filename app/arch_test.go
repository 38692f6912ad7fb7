package app_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/contracttest"
)

const module = "github.com/throughline/throughline/"

// tiers is the house. A package may import packages of lower tiers only; those of one tier do not know each other. A package
// below a listed one belongs to its tier unless it is listed itself.
var tiers = map[string]int{
	"app/fault":     0,
	"app/failpoint": 0,
	"descriptor":    0,
	"static":        0,

	"app/document": 1,
	"app/tenant":   1,
	"app/stamp":    1,

	"app/document/markup":   2,
	"app/document/storage":  3,
	"app/document/markdown": 3,

	"app/command":   1,
	"app/threat":    3,
	"app/telemetry": 3,

	"app/control":         4,
	"app/mapping":         4,
	"app/ledger":          4,
	"app/work":            4,
	"app/extract/lexicon": 4,

	"app/extract":            5,
	"app/atlassian/outbound": 5,
	"app/atlassian/inbound":  5,
	"app/evidence":           5,
	"app/panel":              5,

	"app/trace":           6,
	"app/atlassian/event": 6,

	"app/atlassian/connect":    7,
	"app/atlassian/forge":      7,
	"app/atlassian/hook":       7,
	"app/atlassian/jira":       7,
	"app/atlassian/confluence": 7,
	"app/operate":              7,
	"store/bolt":               7,

	"app/anchor": 8,
	"app/task":   8,
	"store":      8,

	"app":             9,
	"cmd/throughline": 10,
}

// sandbox knows no client code: it is the independent other side.
const sandbox = "app/sandbox"

func TestImportsRunDown(t *testing.T) {
	root := contracttest.Root(t)
	seen := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && rel != "." || d.Name() == "testdata" || rel == "bin") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		from := path.Dir(filepath.ToSlash(rel))
		if strings.HasSuffix(from, "test") {
			return nil // suites that tests share may look at what they test
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		seen++
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if to, ours := strings.CutPrefix(name, module); ours {
				if why := forbidden(from, to); why != "" {
					t.Errorf("%s imports %s: %s", rel, to, why)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Errorf("read %d files only: is this the whole checkout?", seen)
	}
}

// forbidden says why a package may not import another; empty when it may.
func forbidden(from, to string) string {
	if inside(from, sandbox) {
		if inside(to, sandbox) {
			return ""
		}
		return "the sandbox knows no code of the client"
	}
	if inside(to, sandbox) && !inside(from, "cmd") {
		return "only commands start the sandbox"
	}
	if strings.HasPrefix(from, "app") && inside(to, "store") {
		return "nothing under app knows a store: cmd hands it in"
	}
	if inside(to, sandbox) {
		return ""
	}
	a, known := tier(from)
	if !known {
		return from + " has no tier: give it one in this test"
	}
	b, known := tier(to)
	if !known {
		return to + " has no tier: give it one in this test"
	}
	if owner(from) == owner(to) {
		return "" // a folder and what lies below it are one room, in which Go itself forbids circles
	}
	if b >= a {
		return "imports go strictly down (tier " + strconv.Itoa(a) + " → " + strconv.Itoa(b) + ")"
	}
	return ""
}

func inside(pkg, folder string) bool { return pkg == folder || strings.HasPrefix(pkg, folder+"/") }

func tier(pkg string) (int, bool) {
	n, ok := tiers[owner(pkg)]
	return n, ok
}

// owner is the listed package that a package is or lies below. The top of the house is a room of its own, not everything in it.
func owner(pkg string) string {
	for at := pkg; at != "." && at != "app"; at = path.Dir(at) {
		if _, ok := tiers[at]; ok {
			return at
		}
	}
	return pkg
}

func TestTiersForbid(t *testing.T) {
	tests := []struct {
		name, from, to string
		allowed        bool
	}{
		{"down", "app/task", "app/trace", true},
		{"up", "app/trace", "app/task", false},
		{"sideways", "app/atlassian/jira", "app/atlassian/confluence", false},
		{"a finder and the contract above it", "app/extract/table", "app/extract", true},
		{"a store from the house", "app/task", "store", false},
		{"the sandbox and the client", "app/sandbox/host", "app/atlassian/connect", false},
		{"the house and the sandbox", "app/task", "app/sandbox", false},
		{"a package without tier", "app/novel", "app/fault", false},
		{"commands see all", "cmd/throughline", "app/sandbox", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if why := forbidden(tt.from, tt.to); (why == "") != tt.allowed {
				t.Errorf("%s → %s: %q, want allowed %v", tt.from, tt.to, why, tt.allowed)
			}
		})
	}
}
