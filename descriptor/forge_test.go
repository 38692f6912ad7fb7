package descriptor_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/descriptor"
)

const registered = "ari:cloud:ecosystem::app/8c1b2f3e-0a4d-4f6e-9b7a-1c2d3e4f5a6b"

func TestForgeGolden(t *testing.T) {
	files, err := descriptor.Forge(descriptor.ForgeApp{ID: registered, BaseURL: "https://throughline.example.com/"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		golden := filepath.Join("testdata", "forge", f.Name)
		if *update {
			if err := os.WriteFile(golden, f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(f.Data)); diff != "" {
			t.Errorf("%s: run with -update if this is meant (-want +got):\n%s", f.Name, diff)
		}
	}
}

func TestForgeRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		app  descriptor.ForgeApp
	}{
		{"no base URL", descriptor.ForgeApp{}},
		{"http", descriptor.ForgeApp{BaseURL: "http://throughline.example.com"}},
		{"a query", descriptor.ForgeApp{BaseURL: "https://throughline.example.com?a=b"}},
		{"a password", descriptor.ForgeApp{BaseURL: "https://a:b@throughline.example.com"}},
		{"another id", descriptor.ForgeApp{BaseURL: "https://throughline.example.com", ID: "ari:cloud:ecosystem::app/1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if files, err := descriptor.Forge(tt.app); err == nil {
				t.Errorf("made %d files", len(files))
			}
		})
	}
}

// validate runs Atlassian's own validators, which may not be copied into this repository, on the folder it is started in.
const validate = `
const { FullValidationProcessor, ProductTriggerValidationProcessor } = require(process.argv[1] + '/node_modules/@forge/manifest');
const quiet = { info() {}, debug() {}, trace() {}, warn: console.log, error: console.log };
(async () => {
  for (const Processor of [FullValidationProcessor, ProductTriggerValidationProcessor]) {
    const result = await new Processor(quiet, 'manifest.yml').process();
    const ok = result === true || (result && result.success === true);
    if (!ok || (result.errors && result.errors.length)) { console.log(Processor.name, JSON.stringify(result.errors || result, null, 1)); process.exitCode = 1; }
  }
})().catch((err) => { console.log(err); process.exitCode = 1; });
`

// TestForgeManifestIsValid needs npm, which fetches Atlassian's validator once into the user's cache folder.
func TestForgeManifestIsValid(t *testing.T) {
	modules := validator(t)
	files, err := descriptor.Forge(descriptor.ForgeApp{BaseURL: "https://throughline.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "node", "-e", validate, modules)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("Atlassian's validator refuses the manifest: %v\n%s", err, out)
	}
}

// validator is the folder in which Atlassian's validator is installed.
func validator(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("npm is not there: install Node.js to have the manifest checked by Atlassian's validator")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip("no folder to keep Atlassian's validator in:", err)
	}
	dir := filepath.Join(cache, "throughline", "forge-manifest-13.7.0")
	installed := func() bool {
		for _, module := range []string{"@forge/manifest", "tslib", "js-yaml"} {
			if _, err := os.Stat(filepath.Join(dir, "node_modules", filepath.FromSlash(module), "package.json")); err != nil {
				return false
			}
		}
		return true
	}
	if installed() {
		return dir
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Skip("no folder to keep Atlassian's validator in:", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts", "@forge/manifest@13.7.0", "tslib", "js-yaml")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("npm could not install Atlassian's validator: %v\n%s", err, strings.TrimSpace(string(out)))
	}
	return dir
}
