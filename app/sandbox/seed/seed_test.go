package seed_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
)

func TestDemoPagesAreWhatTheyAreSaidToBe(t *testing.T) {
	pages, expected := seed.Demo(), seed.Expected()
	if len(pages) != 6 || len(expected) != 6 {
		t.Fatalf("%d pages, %d expectations, want 6 of each", len(pages), len(expected))
	}
	for i, p := range pages {
		t.Run(p.File, func(t *testing.T) {
			if err := confluence.CheckBody(p.Body); err != nil {
				t.Fatal(err)
			}
			e := expected[i]
			if e.File != p.File {
				t.Fatalf("expectation %d is of %s", i, e.File)
			}
			text := confluence.Text(p.Body)
			if n := len(strings.Fields(text)); n < 500 || n > 1500 {
				t.Errorf("the page has %d words", n)
			}
			for _, threat := range e.Threats {
				for _, phrase := range []string{threat.Phrase, threat.Mitigation} {
					if n := strings.Count(text, phrase); n != 1 {
						t.Errorf("%q stands in the page %d times, want once", phrase, n)
					}
				}
				assignable := func(u site.User) bool { return u.AccountID == threat.Owner && u.Active && u.AccountID != site.Grace }
				if !slices.ContainsFunc(site.People(), assignable) {
					t.Errorf("%q: owner %s can't be assigned", threat.Phrase, threat.Owner)
				}
			}
			for _, m := range regexp.MustCompile(`ri:account-id="([^"]+)"`).FindAllStringSubmatch(p.Body, -1) {
				if !slices.ContainsFunc(site.People(), func(u site.User) bool { return u.AccountID == m[1] }) {
					t.Errorf("mention of %s, whom nobody knows", m[1])
				}
			}
		})
	}
}

func TestFromMarkdown(t *testing.T) {
	tests := []struct{ name, in, title, body string }{
		{
			name: "title and prose", in: "# A & B\n\nHello *you* & <br> all.\n",
			title: "A & B", body: "<p>Hello <em>you</em> &amp; <br /> all.</p>",
		},
		{name: "no title", in: "Text\n\n# Later\n", body: "<p>Text</p>\n<h1>Later</h1>"},
		{
			name: "table", in: "| a | b |\n|---|---|\n| 1 | `x<y` |\n",
			body: "<table><tbody><tr>\n<th>a</th>\n<th>b</th>\n</tr><tr>\n<td>1</td>\n<td><code>x&lt;y</code></td>\n</tr></tbody></table>",
		},
		{
			name: "code", in: "```go\nif a < b && c { x := \"]]>\" }\n```\n",
			body: `<ac:structured-macro ac:name="code" ac:schema-version="1"><ac:parameter ac:name="language">go</ac:parameter>` +
				`<ac:plain-text-body><![CDATA[if a < b && c { x := "]]]]><![CDATA[>" }]]></ac:plain-text-body></ac:structured-macro>`,
		},
		{
			name: "tasks", in: "- [x] one\n- [ ] two\n",
			body: "<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body> one</ac:task-body></ac:task>" +
				"<ac:task><ac:task-id>2</ac:task-id><ac:task-status>incomplete</ac:task-status><ac:task-body> two</ac:task-body></ac:task></ac:task-list>",
		},
		{
			name: "image and link", in: "![alt](a.png) [x](https://e.test/?a=1&b=2)",
			body: `<p><ac:image ac:alt="alt"><ri:url ri:value="a.png" /></ac:image> <a href="https://e.test/?a=1&amp;b=2">x</a></p>`,
		},
		{
			name: "html that is not well-formed", in: "<details><summary>More</summary>\n\n<p>open <foo:bar>x</details>\n<script>alert(1)</script>",
			body: `<ac:structured-macro ac:name="expand" ac:schema-version="1"><ac:parameter ac:name="title">More</ac:parameter><ac:rich-text-body>` + "\n" +
				`<p>open x</p></ac:rich-text-body></ac:structured-macro>`,
		},
		{name: "front matter", in: "---\ntitle: x\n---\n# T\n\nbody", title: "T", body: "<p>body</p>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			title, body, err := seed.FromMarkdown([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([2]string{tt.title, tt.body}, [2]string{title, body}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFromDir(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a-design.md": "no heading", "b.md": "# Same", "sub/c.xml": "<p>x</p><h1>Sa<b>me</b></h1>", "note.txt": "x", ".hidden/d.md": "# x",
		"broken.xml": "<p>one <b>two</p>", "mark.md": "\ufeff# With a mark",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "link.md")); err != nil {
		t.Fatal(err)
	}
	pages, unfit, err := seed.FromDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(unfit) != 1 || !strings.Contains(unfit[0].Error(), "broken.xml") {
		t.Errorf("left out: %v, want broken.xml", unfit)
	}
	var got []string
	for _, p := range pages {
		got = append(got, p.File+": "+p.Title)
	}
	want := []string{"a-design.md: a design", "b.md: Same", "mark.md: With a mark", "sub/c.xml: Same (2)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, _, err := seed.FromDir(t.TempDir()); err == nil {
		t.Error("an empty folder is no error")
	}
}

func TestFromDirTakesRealDocuments(t *testing.T) {
	for _, folder := range []string{"dev", "designs"} {
		pages, unfit, err := seed.FromDir(contracttest.Path(t, "corpus", folder))
		if err != nil || len(unfit) > 0 {
			t.Fatal(err, unfit)
		}
		for _, p := range pages {
			if err := confluence.CheckBody(p.Body); err != nil {
				t.Errorf("%s: %v", p.File, err)
			}
		}
	}
}

func FuzzFromMarkdown(f *testing.F) {
	f.Add([]byte("# a\n\n<p><b>x</p>\n\n- [ ] y"))
	f.Add([]byte("<a href='x\"y'>\x01</a><svg><foo/></svg>"))
	f.Fuzz(func(t *testing.T, source []byte) {
		_, body, err := seed.FromMarkdown(source)
		if err != nil {
			t.Fatal(err)
		}
		if err := confluence.CheckBody(body); err != nil {
			t.Errorf("%q became %q: %v", source, body, err)
		}
	})
}
