package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/contracttest"
)

// commits are the methods by which the app has the store commit something.
var commits = [...]string{"Commit", "commit", "Accept", "Install", "Enable", "Renew", "Confirm", "Restore", "Uninstall", "Purge", "Erase", "Checkpoint", "Retry", "Drop"}

// TestEveryCommitIsListed reads the source: each function that commits is among the places that the server is killed at, or stands on the list
// as one that it is not, with the reason. So a commit that is new is noticed also where no run came along.
func TestEveryCommitIsListed(t *testing.T) {
	places, not := readPlaces(t), notTried(t)
	found := committers(t, filepath.Join(contracttest.Root(t), "app"))
	if len(found) < 30 {
		t.Fatalf("only %d functions commit: %q", len(found), found)
	}
	for _, name := range found {
		tried := false
		for p := range places {
			_, function, commit := strings.Cut(p, " commit ")
			tried = tried || commit && (function == name || strings.HasSuffix(function, "."+last(name)))
		}
		switch why := not[name]; {
		case tried && why != "":
			t.Errorf("%s is killed at, and the list says that it is not: %s", name, why)
		case !tried && why == "":
			t.Errorf("%s commits, and no place on the list is its: write what leads there into the tests' traffic and run `go test -run TestFailpoints -update ./cmd/throughline`, "+
				"or say in a line “# %s: …” why nobody is killed there", name, name)
		}
		delete(not, name)
	}
	for name := range not {
		t.Errorf("%s stands on the list, and commits nothing", name)
	}
}

// last is a function's own part of its name: "(*Desk).refile", or "anchor.Keep" as it is.
func last(name string) string {
	if at := strings.Index(name, "("); at >= 0 {
		return name[at:]
	}
	return name
}

// notTried are the functions that the list says are not killed at, with the reason.
func notTried(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(failpoints)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if rest, is := strings.CutPrefix(line, "# "); is {
			name, why, _ := strings.Cut(strings.TrimSpace(rest), ": ")
			out[name] = why
		}
	}
	return out
}

// committers are the functions below a folder that call one of commits, named as failpoints are.
func committers(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "sandbox":
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(dir, filepath.Dir(path))
		if err != nil {
			return err
		}
		if pkg == "." {
			pkg = "app"
		}
		for _, decl := range file.Decls {
			if f, is := decl.(*ast.FuncDecl); is && f.Body != nil && callsOne(f.Body) {
				names = append(names, filepath.ToSlash(pkg)+"."+functionName(f))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func callsOne(body ast.Node) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is {
			if to, is := call.Fun.(*ast.SelectorExpr); is && slices.Contains(commits[:], to.Sel.Name) {
				found = true
			}
		}
		return !found
	})
	return found
}

func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	switch of := f.Recv.List[0].Type.(type) {
	case *ast.StarExpr:
		if name, is := of.X.(*ast.Ident); is {
			return "(*" + name.Name + ")." + f.Name.Name
		}
	case *ast.Ident:
		return of.Name + "." + f.Name.Name
	}
	return f.Name.Name
}
