package jira_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/throughline/throughline/app/atlassian/jira"
)

func TestEscape(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain words", "An attacker (of 3) replays a token, twice. Really?", "An attacker (of 3) replays a token, twice. Really?"},
		{"macro", "{code}rm -rf{code}", `\{code\}rm \-rf\{code\}`},
		{"mention", "[~accountid:5b10] @look", `\[\~accountid:5b10\] @look`},
		{"link", "[click|https://evil.example.com]", `\[click\|https://evil.example.com\]`},
		{"image", "!https://evil.example.com/x.png!", `\!https://evil.example.com/x.png\!`},
		{"emphasis", "*bold* _it_ -gone- +in+ ^up^ ~down~", `\*bold\* \_it\_ \-gone\- \+in\+ \^up\^ \~down\~`},
		{"citation", "??cite??", "?\u2060?cite?\u2060?"},
		{"inside words", "snake_case and well-known T-3K7QX2ZD, 2^10, a+b", "snake_case and well-known T-3K7QX2ZD, 2^10, a+b"},
		{"table", "|| a || b ||\n| c | d |", `\|\| a \|\| b \|\|` + "\n" + `\| c \| d \|`},
		{"lists", "* a\n# b\n- c", "\\* a\n\\# b\n\\- c"},
		{"rule", "----", `\-\-\-\-`},
		{"headings", "h1. Big\n  h6.small\nbq. quote\nh7x", "\u2060h1. Big\n\u2060  h6.small\n\u2060bq. quote\nh7x"},
		{"a heading behind what nobody sees", "\u200bh1. Big", "\u2060h1. Big"},
		{"backslashes", `C:\temp\\{x}\`, "C:\\\u2060temp\\\u2060\\\u2060\\{x\\}\\\u2060"},
		{"entities", "a &lt; b & c &#123; && d", "a &\u2060lt; b & c &\u2060\\#123; && d"},
		{"smileys", "(y) :) ;-) (!) (*) :D (off)", "(\u2060y) :\u2060) ;\\-) (\\!) (\\*) :\u2060D (\u2060off)"},
		{"times and addresses", "at 10:30, see https://example.com/a", "at 10:30, see https://example.com/a"},
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
		runes := []rune(got + " ")
		for i := 0; i < len(runes)-1; i++ {
			switch r, next := runes[i], runes[i+1]; {
			case r == '\\' && next == '\u2060':
			case r == '\\':
				if i++; !strings.ContainsRune("{}[]|*!#-_+^~", next) {
					t.Fatalf("Escape(%q) = %q has a backslash for nothing", text, got)
				}
			case strings.ContainsRune("{}[]|*!#", r),
				r == '&' && (next == '#' || unicode.IsLetter(next)), r == '?' && next == '?', r == ':' && next == ')':
				t.Fatalf("Escape(%q) = %q leaves %q its meaning", text, got, r)
			}
		}
		// Taking the escapes away again gives what a reader sees: the text without what nobody sees.
		if seen := unescape(got); jira.Escape(seen) != got {
			t.Fatalf("Escape(%q) = %q shows %q, which is escaped as %q", text, got, seen, jira.Escape(seen))
		}
	})
}

func unescape(markup string) string {
	var b strings.Builder
	runes := []rune(strings.ReplaceAll(markup, "\\\u2060", "\x00"))
	for i, r := range runes {
		switch {
		case r == '\x00':
			b.WriteByte('\\')
		case r == '\u2060', r == '\\' && i+1 < len(runes):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
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
