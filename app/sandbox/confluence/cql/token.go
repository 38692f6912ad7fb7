package cql

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	end      kind = iota
	word          // a bare word: field, value, keyword
	text          // a quoted string, its escapes resolved
	operator      // = != ~ !~ > >= < <=
	mark          // ( ) ,
)

type token struct {
	kind kind
	text string
	at   int // byte offset
}

func (t token) is(keyword string) bool { return t.kind == word && strings.EqualFold(t.text, keyword) }

func (t token) String() string {
	if t.kind == end {
		return "the end"
	}
	return fmt.Sprintf("%q at position %d", t.text, t.at+1)
}

func scan(s string) ([]token, error) {
	var out []token
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.IsSpace(r):
			i += size
		case strings.ContainsRune("(),", r):
			out = append(out, token{mark, s[i : i+1], i})
			i++
		case strings.ContainsRune("=!~<>", r):
			n := 1
			if i+1 < len(s) && (s[i+1] == '=' || r == '!' && s[i+1] == '~') {
				n = 2
			}
			out = append(out, token{operator, s[i : i+n], i})
			i += n
		case r == '"' || r == '\'':
			value, n, err := unquote(s[i:], byte(r))
			if err != nil {
				return nil, fmt.Errorf("%w at position %d", err, i+1)
			}
			out = append(out, token{text, value, i})
			i += n
		default:
			n := strings.IndexFunc(s[i:], func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("(),=!~<>\"'", r) })
			if n < 0 {
				n = len(s) - i
			}
			out = append(out, token{word, s[i : i+n], i})
			i += n
		}
	}
	return append(out, token{end, "", len(s)}), nil
}

// unquote reads a quoted string at the start of s and returns its value and how many bytes it took.
func unquote(s string, quote byte) (string, int, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == quote:
			return b.String(), i + 1, nil
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, fmt.Errorf("a string begins with %c and never ends", quote)
}
