package body_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/view/body"
)

var update = flag.Bool("update", false, "write the golden files anew")

type people struct{}

func (people) UserName(id string) (string, bool) {
	if id == "712020:mira" {
		return "Mira <Kowalski>", true
	}
	return "", false
}

func (people) Issue(key string) (body.Issue, bool) {
	if key == "SEC-1" {
		return body.Issue{Key: "SEC-1", Summary: `Fix "it"`, Status: "In Progress", Category: "indeterminate"}, true
	}
	return body.Issue{}, false
}

func (people) PageURL(space, title string) (string, bool) {
	return "/wiki/spaces/PAY/pages/1/Home", title == "Home"
}

func TestRender(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"entities", `<p>a&nbsp;&amp; &lt;b&gt;</p>`, "<p>a\u00a0&amp; &lt;b&gt;</p>"},
		{"script is left out", `<p>a</p><script>alert(1)</script><style>b</style>`, `<p>a</p>`},
		{"attributes are left out", `<p onclick="x()" style="color:red" class="y">a</p>`, `<p>a</p>`},
		{"unknown elements keep their text", `<blink>a</blink>`, `a`},
		{"script address", `<a href="javascript:alert(1)">a</a> <a href=" JavaScript:x">b</a>`, `a b`},
		{"link", `<a href="https://e.test/?a=1&amp;b=2">a</a>`, `<a href="https://e.test/?a=1&amp;b=2">a</a>`},
		{"protocol of the page", `<a href="//e.test/x">a</a>`, `a`},
		{"mention", `<ac:link><ri:user ri:account-id="712020:mira" /></ac:link>`, `<span class="mention" data-account="712020:mira">@Mira &lt;Kowalski&gt;</span>`},
		{"mention of nobody", `<ac:link><ri:user ri:account-id="x" /></ac:link>`, `<span class="mention" data-account="x">@unknown user</span>`},
		{
			"jira macro", `<ac:structured-macro ac:name="jira"><ac:parameter ac:name="key">SEC-1</ac:parameter></ac:structured-macro>`,
			`<a class="chip" href="/browse/SEC-1" data-issue="SEC-1" title="Fix &#34;it&#34;"><span class="chip-key">SEC-1</span> ` +
				`<span class="chip-text">Fix &#34;it&#34;</span> <span class="lozenge blue">In Progress</span></a>`,
		},
		{
			"smart link to no issue", `<a href="https://x.test/browse/SEC-9" data-card-appearance="inline">y</a>`,
			`<span class="chip missing" title="There is no issue with this key, or you may not see it">SEC-9</span>`,
		},
		{"page link", `<ac:link><ri:page ri:content-title="Home" /></ac:link>`, `<a href="/wiki/spaces/PAY/pages/1/Home">Home</a>`},
		{"status", `<ac:structured-macro ac:name="status"><ac:parameter ac:name="title">High</ac:parameter><ac:parameter ac:name="colour">Red</ac:parameter></ac:structured-macro>`, `<span class="lozenge red">High</span>`},
		{
			"code", `<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">go</ac:parameter><ac:plain-text-body><![CDATA[a < b]]></ac:plain-text-body></ac:structured-macro>`,
			`<figure class="code"><figcaption>go</figcaption><pre tabindex="0"><code>a &lt; b</code></pre></figure>`,
		},
		{
			"contents", `<ac:structured-macro ac:name="toc"/><h2>A b</h2><h2>A b</h2>`,
			`<nav class="toc" aria-label="Table of contents"><ul><li class="level-2"><a href="#A-b">A b</a></li><li class="level-2"><a href="#A-b.1">A b</a></li></ul></nav>` +
				`<h2 id="A-b">A b</h2><h2 id="A-b.1">A b</h2>`,
		},
		{
			"unknown macro", `<ac:structured-macro ac:name="drawio"><ac:parameter ac:name="width">8</ac:parameter></ac:structured-macro>`,
			`<div class="macro"><p class="macro-name">Macro <b>drawio</b></p><p class="macro-params">width: 8</p></div>`,
		},
		{
			"task", `<ac:task-list><ac:task><ac:task-status>complete</ac:task-status><ac:task-body>a</ac:task-body></ac:task></ac:task-list>`,
			`<ul class="tasks"><li class="done"><span class="box" role="img" aria-label="Done"></span><div>a</div></li></ul>`,
		},
		{
			"columns", `<table><colgroup><col style="width: 30.0px;"/><col style="width: 90.0px;"/></colgroup><tbody><tr><td colspan="2x">a</td></tr></tbody></table>`,
			`<div class="table-wrap" tabindex="0" role="region" aria-label="Table"><table><colgroup><col width="25%"><col width="75%"></colgroup><tbody><tr><td class="short">a</td></tr></tbody></table></div>`,
		},
		{"properties", `<ac:structured-macro ac:name="details"><ac:parameter ac:name="id">throughline</ac:parameter><ac:rich-text-body><p>a</p></ac:rich-text-body></ac:structured-macro>`, `<section class="properties" data-details="throughline"><p>a</p></section>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := body.Render(tt.in, people{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRenderDemoPages(t *testing.T) {
	for _, p := range seed.Demo() {
		t.Run(p.File, func(t *testing.T) {
			got, err := body.Render(p.Body, people{})
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", strings.TrimSuffix(p.File, ".xml")+".html")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got), run with -update if it should be so:\n%s", golden, diff)
			}
		})
	}
}

func TestRenderRealBodies(t *testing.T) {
	for _, pattern := range []string{"storage/*.*ml", "dev/*.xml"} {
		paths, err := filepath.Glob(filepath.Join(contracttest.Path(t, "corpus"), pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no bodies at %s: %v", pattern, err)
		}
		for _, path := range paths {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			checkSafe(t, string(source))
		}
	}
}

func FuzzRender(f *testing.F) {
	f.Add(`<a href="java&#9;script:alert(1)">x</a>`)
	f.Add(`<ac:structured-macro ac:name="toc"/><h1 id="&quot;&gt;&lt;script&gt;">a</h1>`)
	f.Add(`<ac:link ac:anchor='"'><ac:link-body>&lt;b&gt;</ac:link-body></ac:link>`)
	f.Fuzz(func(t *testing.T, source string) { checkSafe(t, source) })
}

var address = regexp.MustCompile(`(?i)^(https?:|mailto:|[^:/?#]*($|[/?#])|#)`)

// checkSafe holds what is rendered against a list of what may be in it, with a parser that reads as browsers do.
func checkSafe(t *testing.T, source string) {
	t.Helper()
	got, err := body.Render(source, people{})
	if err != nil {
		return
	}
	z := html.NewTokenizer(strings.NewReader(string(got)))
	for z.Next() != html.ErrorToken {
		token := z.Token()
		switch token.Data {
		case "script", "style", "iframe", "object", "embed", "form", "input", "svg", "math", "base", "meta", "link":
			if token.Type != html.TextToken {
				t.Errorf("element %s from %q", token.Data, source)
			}
		}
		for _, a := range token.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" {
				t.Errorf("attribute %s from %q", a.Key, source)
			}
			if a.Key == "href" && !address.MatchString(strings.TrimSpace(a.Val)) {
				t.Errorf("address %q from %q", a.Val, source)
			}
		}
	}
}
