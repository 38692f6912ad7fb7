package document_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/document"
)

func TestOutline(t *testing.T) {
	const body = `<p>0</p><h1>A</h1><p>1</p><h3>B &amp; <em>b</em></h3><p>2</p><h2>C</h2><p>3</p>` +
		`<table><tr><td><h4>in</h4><p>4</p></td><td>5</td></tr></table><p>6</p>` +
		`<ac:layout><ac:layout-section><ac:layout-cell><h2>D</h2></ac:layout-cell><ac:layout-cell><p>7</p></ac:layout-cell></ac:layout-section></ac:layout><p>8</p>` +
		`<h2></h2><p>9</p>`
	outline := document.NewOutline(parse(t, body).Root)
	tests := []struct {
		name, at string
		want     []string
	}{
		{"before all headings", "0<", nil},
		{"a heading is not under itself", "A<", nil},
		{"under a heading", "1<", []string{"A"}},
		{"a level may be left out", "2<", []string{"A", "B & b"}},
		{"a heading ends those of its level and below", "C<", []string{"A"}},
		{"under the next", "3<", []string{"A", "C"}},
		{"in a cell", "4<", []string{"A", "C", "in"}},
		{"a cell's heading ends with it", "5<", []string{"A", "C"}},
		{"behind the table", "6<", []string{"A", "C"}},
		{"a layout cell's heading goes on", "7<", []string{"A", "D"}},
		{"behind the layout", "8<", []string{"A", "D"}},
		{"a heading without text", "9<", []string{"A"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, outline.Path(strings.Index(body, tt.at))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := outline.Path(-1); got != nil {
		t.Errorf("Path(-1) = %v", got)
	}
}

func TestIssueKey(t *testing.T) {
	tests := []struct{ name, url, want string }{
		{"browse", "https://x.atlassian.net/browse/SEC-12", "SEC-12"},
		{"with a query", "https://x.atlassian.net/browse/SEC-12?focusedId=1", "SEC-12"},
		{"on a board", "https://x/jira/software/projects/SEC/boards/1?selectedIssue=SEC-7", "SEC-7"},
		{"in a list", "https://x/jira/software/c/projects/A1_B/issues/A1_B-3/", "A1_B-3"},
		{"one letter is no project", "https://x/browse/S-12", ""},
		{"small letters", "https://x/browse/sec-12", ""},
		{"no number", "https://x/browse/SEC-", ""},
		{"more letters", "https://x/browse/SEC-12a", ""},
		{"another page", "https://x/wiki/spaces/SEC-12", ""},
		{"a folder of that name", "https://x/browse/src/issues/SEC-9", "SEC-9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := document.IssueKey(tt.url); got != tt.want {
				t.Errorf("IssueKey(%q) = %q, want %q", tt.url, got, tt.want)
			}
		})
	}
}

func TestReference(t *testing.T) {
	tests := []struct {
		s, want string
		length  int
	}{
		{"&amp;x", "&", 5},
		{"&eacute;", "é", 8},
		{"&semi;", ";", 6},
		{"&CounterClockwiseContourIntegral;", "∳", 33},
		{"&#233;", "é", 6},
		{"&#xE9;", "é", 6},
		{"&#x1F600;", "😀", 9},
		{"&", "", 0},
		{"&;", "", 0},
		{"&amp", "", 0},
		{"&notit;", "", 0},
		{"&nosuch;", "", 0},
		{"&#;", "", 0},
		{"&#x;", "", 0},
		{"&#0;", "", 0},
		{"&#xD800;", "", 0},
		{"&#x110000;", "", 0},
		{"&#-1;", "", 0},
		{"&#+1;", "", 0},
		{"&#1_0;", "", 0},
		{"& amp;", "", 0},
	}
	for _, tt := range tests {
		if got, n := document.Reference(tt.s); got != tt.want || n != tt.length {
			t.Errorf("Reference(%q) = %q, %d, want %q, %d", tt.s, got, n, tt.want, tt.length)
		}
	}
	if got := document.Decode("a & b &lt; &no; &gt;"); got != "a & b < &no; >" {
		t.Errorf("Decode gave %q", got)
	}
}
