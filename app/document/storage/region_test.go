package storage_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/fault"
)

func panel(text string) string {
	return `<ac:structured-macro ac:name="details"><ac:parameter ac:name="id">throughline</ac:parameter><ac:rich-text-body>` +
		`<h2>` + text + `</h2></ac:rich-text-body></ac:structured-macro>`
}

func marked(text, place string) string {
	return strings.Replace(panel(text), `"details">`, `"details"><ac:parameter ac:name="placed">`+place+`</ac:parameter>`, 1)
}

const empty = `<ac:structured-macro ac:name="details" ac:schema-version="1"><ac:parameter ac:name="id">throughline</ac:parameter>` +
	`<ac:rich-text-body><p /></ac:rich-text-body></ac:structured-macro>`

func TestSplice(t *testing.T) {
	tests := []struct {
		name, body, want, removed string
	}{
		{"end of the body", "<p>a</p>\n", "<p>a</p>\n" + panel("new"), "<p>a</p>\n"},
		{"empty body", "", panel("new"), ""},
		{"over the region", "<p>a</p>" + panel("old") + "<p>b</p>", "<p>a</p>" + panel("new") + "<p>b</p>", "<p>a</p><p>b</p>"},
		{"other details macros stay", strings.Replace(panel("x"), "throughline", "other", 1), strings.Replace(panel("x"), "throughline", "other", 1) + panel("new"), strings.Replace(panel("x"), "throughline", "other", 1)},
		{
			"an id in a nested parameter is not the macro's", `<ac:structured-macro ac:name="details"><ac:rich-text-body><ac:structured-macro ac:name="x"><ac:parameter ac:name="id">throughline</ac:parameter></ac:structured-macro></ac:rich-text-body></ac:structured-macro>`,
			`<ac:structured-macro ac:name="details"><ac:rich-text-body><ac:structured-macro ac:name="x"><ac:parameter ac:name="id">throughline</ac:parameter></ac:structured-macro></ac:rich-text-body></ac:structured-macro>` + panel("new"),
			`<ac:structured-macro ac:name="details"><ac:rich-text-body><ac:structured-macro ac:name="x"><ac:parameter ac:name="id">throughline</ac:parameter></ac:structured-macro></ac:rich-text-body></ac:structured-macro>`,
		},
		{
			"a region in a code macro is text", "<ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[" + panel("x") + "]]></ac:plain-text-body></ac:structured-macro>",
			"<ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[" + panel("x") + "]]></ac:plain-text-body></ac:structured-macro>" + panel("new"),
			"<ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[" + panel("x") + "]]></ac:plain-text-body></ac:structured-macro>",
		},
		{"a region in a comment is none", "<!-- " + panel("x") + " -->", "<!-- " + panel("x") + " -->" + panel("new"), "<!-- " + panel("x") + " -->"},
		{"where an author put an empty macro", "<p>a</p>" + empty + "<p>b</p>", "<p>a</p>" + marked("new", "author") + "<p>b</p>", "<p>a</p>" + empty + "<p>b</p>"},
		{"an author's macro in another style", `<ac:structured-macro ac:name="details" ac:macro-id="7"><ac:rich-text-body> <p> </p></ac:rich-text-body><ac:parameter ac:name="id"> throughline </ac:parameter></ac:structured-macro><p>b</p>`, marked("new", "author") + "<p>b</p>", empty + "<p>b</p>"},
		{
			"layout page", "<ac:layout><ac:layout-section ac:type=\"single\"><ac:layout-cell><p>a</p></ac:layout-cell></ac:layout-section>\n</ac:layout>\n",
			"<ac:layout><ac:layout-section ac:type=\"single\"><ac:layout-cell><p>a</p></ac:layout-cell></ac:layout-section>\n<ac:layout-section ac:type=\"single\"><ac:layout-cell>" + marked("new", "section") + "</ac:layout-cell></ac:layout-section></ac:layout>\n",
			"<ac:layout><ac:layout-section ac:type=\"single\"><ac:layout-cell><p>a</p></ac:layout-cell></ac:layout-section>\n</ac:layout>\n",
		},
		{
			"a section with more than the region stays", "<ac:layout><ac:layout-section><ac:layout-cell>" + marked("old", "section") + "<p>mine</p></ac:layout-cell></ac:layout-section></ac:layout>",
			"<ac:layout><ac:layout-section><ac:layout-cell>" + marked("new", "section") + "<p>mine</p></ac:layout-cell></ac:layout-section></ac:layout>",
			"<ac:layout><ac:layout-section><ac:layout-cell><p>mine</p></ac:layout-cell></ac:layout-section></ac:layout>",
		},
		{"content beside a layout", "<h1>a</h1><ac:layout></ac:layout>", "<h1>a</h1><ac:layout></ac:layout>" + panel("new"), "<h1>a</h1><ac:layout></ac:layout>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := storage.Splice([]byte(tt.body), []byte(panel("new")))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("Splice (-want +got):\n%s", diff)
			}
			again, err := storage.Splice(got, []byte(panel("new")))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(got), string(again)); diff != "" {
				t.Errorf("Splice of the same region (-first +second):\n%s", diff)
			}
			removed, err := storage.Remove(got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.removed, string(removed)); diff != "" {
				t.Errorf("Remove (-want +got):\n%s", diff)
			}
			if before, after := storage.HashOutside([]byte(tt.body)), storage.HashOutside(got); before != after {
				t.Errorf("HashOutside went from %s to %s", before, after)
			}
			if d, err := storage.Parse(got); err != nil {
				t.Error(err)
			} else if text := storage.Text(string(got)); strings.Contains(text, "new") || len(d.Root.Children) > 3 {
				t.Errorf("the region is read as content: %q", text)
			}
		})
	}
}

func TestSpliceRefuses(t *testing.T) {
	tests := []struct{ name, body, region string }{
		{"a body that is not well-formed", "<p>a", panel("x")},
		{"a region that is not well-formed", "<p>a</p>", panel("x")[1:]},
		{"a region with something around it", "<p>a</p>", panel("x") + "<p/>"},
		{"a region that is none", "<p>a</p>", "<p>x</p>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := storage.Splice([]byte(tt.body), []byte(tt.region)); !fault.Is(err, fault.Invalid) {
				t.Errorf("Splice gave %q, %v, want an Invalid error", got, err)
			}
		})
	}
}

// checkReversible inserts, replaces and removes a region, and returns whether the body came back as it was.
func checkReversible(t *testing.T, body []byte) {
	t.Helper()
	first, second := []byte(panel("one")), []byte(panel("two &amp; a longer one"))
	hash := storage.HashOutside(body)
	inserted, err := storage.Splice(body, first)
	if err != nil {
		t.Fatal(err)
	}
	replaced, err := storage.Splice(inserted, second)
	if err != nil {
		t.Fatal(err)
	}
	for name, state := range map[string][]byte{"inserted": inserted, "replaced": replaced} {
		if _, err := storage.Parse(state); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s, ok, err := storage.FindRegion(state)
		if err != nil || !ok {
			t.Fatalf("%s: FindRegion gave %v, %v", name, ok, err)
		}
		if got := storage.HashOutside(state); got != hash {
			t.Errorf("%s: the hash of what is outside went from %s to %s", name, hash, got)
		}
		if outside := append(bytes.Clone(state[:s.Start]), state[s.End:]...); !bytes.Equal(outside, body) {
			t.Errorf("%s: bytes outside of the region changed", name)
		}
	}
	removed, err := storage.Remove(replaced)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(removed, body) {
		t.Errorf("the body did not come back: %s", cmp.Diff(string(body), string(removed)))
	}
}

func TestSpliceCorpus(t *testing.T) {
	for name, body := range corpus(t) {
		t.Run(name, func(t *testing.T) { checkReversible(t, body) })
	}
}
