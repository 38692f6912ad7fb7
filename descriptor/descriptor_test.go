package descriptor_test

import (
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/descriptor"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestConnect(t *testing.T) {
	for _, product := range descriptor.Products() {
		t.Run(product, func(t *testing.T) {
			d, err := descriptor.Connect(product, descriptor.App{BaseURL: "https://throughline.example.com/"})
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(d, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			golden := filepath.Join("testdata", product+".json")
			if *update {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("run with -update if this is meant (-want +got):\n%s", diff)
			}
		})
	}
}

// Every path that a descriptor names is a route, and every route is in a descriptor.
func TestRoutesAreThoseOfTheDescriptors(t *testing.T) {
	routes := map[string]bool{}
	for _, r := range descriptor.Routes() {
		if routes[r.Path] {
			t.Errorf("%s is there twice", r.Path)
		}
		routes[r.Path] = true
		// What a URL parser would change would also change the query hash.
		if u, err := url.Parse("https://example.com" + r.Path); err != nil || u.EscapedPath() != r.Path || regexp.MustCompile(`[^a-z0-9/_.-]`).MatchString(r.Path) {
			t.Errorf("%s is no plain path: %v", r.Path, err)
		}
	}
	for _, product := range descriptor.Products() {
		d, err := descriptor.Connect(product, descriptor.App{BaseURL: "https://throughline.example.com"})
		if err != nil {
			t.Fatal(err)
		}
		paths := []string{strings.TrimPrefix(d.Links.Self, d.BaseURL), d.Lifecycle.Installed, d.Lifecycle.Enabled, d.Lifecycle.Disabled, d.Lifecycle.Uninstalled}
		for _, h := range d.Modules.Webhooks {
			paths = append(paths, h.URL)
		}
		for _, path := range paths {
			if !routes[path] {
				t.Errorf("%s promises %s, which is no route", product, path)
			}
			delete(routes, path)
		}
	}
	if len(routes) > 0 {
		t.Errorf("routes in no descriptor: %v", routes)
	}
}

func TestConnectRefuses(t *testing.T) {
	const base = "https://throughline.example.com"
	for _, tt := range []struct {
		name, product string
		app           descriptor.App
		names         string // what the error has to name
	}{
		{"an unknown product", "bamboo", descriptor.App{BaseURL: base}, "bamboo"},
		{"no base URL", "jira", descriptor.App{}, "base URL"},
		{"a relative base URL", "jira", descriptor.App{BaseURL: "/x"}, "base URL"},
		{"another scheme", "jira", descriptor.App{BaseURL: "ftp://example.com"}, "base URL"},
		{"a query", "jira", descriptor.App{BaseURL: base + "?a=b"}, "base URL"},
		{"a key with a space", "jira", descriptor.App{BaseURL: base, Key: "my app"}, "my app"},
		{"a long key", "jira", descriptor.App{BaseURL: base, Key: strings.Repeat("k", 60)}, "app key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := descriptor.Connect(tt.product, tt.app); err == nil || !strings.Contains(err.Error(), tt.names) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestOperatorsWords(t *testing.T) {
	d, err := descriptor.Connect(descriptor.Confluence, descriptor.App{
		BaseURL: "http://127.0.0.1:8080", Key: "com.acme.threats", Name: "Threats", Description: "D", VendorName: "Acme", VendorURL: "https://acme.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{d.Key, d.Name, d.Description, d.Vendor.Name, d.Vendor.URL, d.BaseURL}
	want := []string{"com.acme.threats-confluence", "Threats", "D", "Acme", "https://acme.com", "http://127.0.0.1:8080"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
