package jira_test

import (
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/throughline/throughline/app/atlassian/jira"
)

func TestEscape(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain words", "An attacker replays a token, twice. Really", "An attacker replays a token, twice. Really"},
		{"macro", "{code}rm -rf{code}", `\{code\}rm \-rf\{code\}`},
		{"mention", "[~accountid:5b10] look", `\[\~accountid:5b10\] look`},
		{"link", "[click|https://evil.example.com]", `\[click\|https://evil.example.com\]`},
		{"image", "!https://evil.example.com/x.png!", `\!https://evil.example.com/x.png\!`},
		{"emphasis", "*bold* _it_ -gone- +in+ ^up^ ~down~ ??cite??", `\*bold\* \_it\_ \-gone\- \+in\+ \^up\^ \~down\~ \?\?cite\?\?`},
		{"inside words", "snake_case and well-known T-3K7QX2ZD", "snake_case and well-known T-3K7QX2ZD"},
		{"table", "|| a || b ||\n| c | d |", `\|\| a \|\| b \|\|` + "\n" + `\| c \| d \|`},
		{"lists", "* a\n# b\n- c", "\\* a\n\\# b\n\\- c"},
		{"rule", "----", `\-\-\-\-`},
		{"headings", "h1. Big\n  h6.small\nbq. quote\nh7x", "\u2060h1. Big\n\u2060  h6.small\n\u2060bq. quote\nh7x"},
		{"a heading behind what nobody sees", "\u200bh1. Big", "\u2060h1. Big"},
		{"backslashes", `C:\temp\\{x}`, `C:&#92;temp&#92;&#92;\{x\}`},
		{"entities", "a &lt; b & c &#123; && d", `a &amp;lt; b & c &amp;\#123; && d`},
		{"emoticons", "(y) :) ;-) (!) (*) :D", `\(y\) :\) ;\-\) \(\!\) \(\*\) \:D`},
		{"times and addresses", "at 10:30, see https://example.com/a", `at 10:30, see https://example.com/a`},
		{"lines", "a\r\nb\rc\u2028d", "a\nb\nc\nd"},
		{"controls", "a\x00b\x1bc\td\u202ee\ufefff", "abc def"},
		{"a macro broken up by what nobody sees", "{\u200bcode}", `\{code\}`},
		{"letters of all scripts", "Überwachung 監視 الأمن", "Überwachung 監視 الأمن"},
		{"joined emoji", "👩‍💻", "👩‍💻"},
		{"invalid bytes", "a\xffb", "ab"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := jira.Escape(tt.text); got != tt.want {
				t.Errorf("Escape(%q)\n got %q\nwant %q", tt.text, got, tt.want)
			}
		})
	}
}

// FuzzEscape reads the markup back as the notation's rules have it: no character with a meaning is left without its backslash, and
// what a reader sees is the text.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"{code}", `\{`, `\\`, "[~a]", "&#123;", "h1. x", "a-b -c-", ":)", "\u200b{", "é\xff{"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := jira.Escape(text)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\r\x00\x1b") {
			t.Fatalf("Escape(%q) = %q", text, got)
		}
		for _, line := range strings.Split(got, "\n") {
			trimmed := strings.TrimSpace(line)
			if len(trimmed) > 2 && trimmed[0] == 'h' && trimmed[1] >= '1' && trimmed[1] <= '6' && trimmed[2] == '.' || strings.HasPrefix(trimmed, "bq.") {
				t.Fatalf("Escape(%q) begins a block: %q", text, line)
			}
		}
		for i := 0; i < len(got); i++ {
			switch c := got[i]; {
			case c == '\\':
				if i++; i == len(got) || !strings.ContainsRune("{}[]|*+^~!?#@-_():;", rune(got[i])) {
					t.Fatalf("Escape(%q) = %q has a backslash for nothing", text, got)
				}
			case strings.ContainsRune("{}[]|*+^~!?@()", rune(c)), c == '#' && (i == 0 || got[i-1] != '&'):
				t.Fatalf("Escape(%q) = %q leaves %q its meaning", text, got, c)
			}
		}
	})
}

func TestSummary(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"short", "[T-3K7QX2ZD] Forged tokens", "[T-3K7QX2ZD] Forged tokens"},
		{"lines and spaces", " a\n\tb  c\u00a0d ", "a b c d"},
		{"controls", "a\x00b\u202ec", "abc"},
		{"just fits", strings.Repeat("a", 255), strings.Repeat("a", 255)},
		{"cut after a word", strings.Repeat("word ", 60), strings.TrimSpace(strings.Repeat("word ", 51)) + "…"},
		{"cut inside a giant", strings.Repeat("a", 300), strings.Repeat("a", 254) + "…"},
		{"counted as Jira counts", strings.Repeat("😀", 200), strings.Repeat("😀", 127) + "…"},
		{"not after a comma", strings.Repeat("a", 250) + ", bcdef", strings.Repeat("a", 250) + "…"},
		{"nothing", "\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := jira.Summary(tt.text)
			if got != tt.want {
				t.Errorf("Summary(%q)\n got %q\nwant %q", tt.text, got, tt.want)
			}
			if n := len(utf16.Encode([]rune(got))); n > jira.MaxSummary {
				t.Errorf("%d characters", n)
			}
		})
	}
}

func FuzzSummary(f *testing.F) {
	f.Add(strings.Repeat("wörd ", 80))
	f.Add(strings.Repeat("😀", 200) + "\xff")
	f.Fuzz(func(t *testing.T, text string) {
		got := jira.Summary(text)
		if n := len(utf16.Encode([]rune(got))); n > jira.MaxSummary || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\t\x00") {
			t.Fatalf("Summary(%q) = %q, %d characters", text, got, n)
		}
		if again := jira.Summary(got); again != got {
			t.Fatalf("Summary(%q) = %q", got, again)
		}
	})
}
