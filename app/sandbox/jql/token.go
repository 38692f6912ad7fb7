package jql

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

type kind uint8

const (
	end    kind = iota
	word        // a bare word, maybe a keyword
	quoted      // "…" or '…'
	symbol      // an operator, bracket or comma
)

type token struct {
	kind kind
	text string
	at   int // byte offset
}

// is reports whether the token is the keyword or symbol, case ignored.
func (t token) is(text string) bool {
	return (t.kind == word || t.kind == symbol) && strings.EqualFold(t.text, text)
}

const (
	symbols  = "=!<>~(),[]&|"
	reserved = "{}*/%+^$#@?;"
)

// tokens splits a query. Reserved characters must be quoted.
func tokens(src string) ([]token, error) {
	var out []token
	for i := 0; i < len(src); {
		c := src[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '"' || c == '\'':
			text, n, err := unquote(src, i)
			if err != nil {
				return nil, err
			}
			out, i = append(out, token{quoted, text, i}), i+n
		case strings.IndexByte(symbols, c) >= 0:
			n := 1
			if s := src[i:]; len(s) > 1 && (s[:2] == "!=" || s[:2] == ">=" || s[:2] == "<=" || s[:2] == "!~" || s[:2] == "&&" || s[:2] == "||") {
				n = 2
			}
			out, i = append(out, token{symbol, src[i : i+n], i}), i+n
		case strings.IndexByte(reserved, c) >= 0:
			return nil, place(src, i, "The character '%c' is a reserved JQL character. You must enclose it in a string or use the escape '\\u%04x' instead.", c, c)
		default:
			n := strings.IndexAny(src[i:], " \t\r\n\"'"+symbols+reserved)
			if n < 0 {
				n = len(src) - i
			}
			text := src[i : i+n]
			if !utf8.ValidString(text) {
				return nil, place(src, i, "The query is not valid UTF-8.")
			}
			out, i = append(out, token{word, text, i}), i+n
		}
	}
	return append(out, token{end, "", len(src)}), nil
}

// unquote reads a quoted string at i, with its escapes, and returns how many bytes it takes.
func unquote(src string, i int) (string, int, error) {
	quote := src[i]
	var b strings.Builder
	for p := i + 1; p < len(src); p++ {
		switch c := src[p]; {
		case c == quote:
			if s := b.String(); utf8.ValidString(s) {
				return s, p + 1 - i, nil
			}
			return "", 0, place(src, i, "The query is not valid UTF-8.")
		case c == '\\' && p+1 < len(src):
			p++
			switch src[p] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case 'r':
				b.WriteByte('\r')
			case 'u':
				if p+4 < len(src) {
					if n, err := strconv.ParseUint(src[p+1:p+5], 16, 32); err == nil {
						b.WriteRune(rune(n))
						p += 4
						continue
					}
				}
				return "", 0, place(src, p, "'\\u' must be followed by four hexadecimal digits.")
			case '"', '\'', '\\', ' ':
				b.WriteByte(src[p])
			default:
				return "", 0, place(src, p, "'\\%c' is an illegal JQL escape sequence.", src[p])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, place(src, i, "The quoted string has not been completed.")
}

func place(src string, at int, format string, args ...any) *Error {
	before := src[:at]
	line := strings.Count(before, "\n") + 1
	return &Error{Text: fmt.Sprintf(format, args...), Line: line, Column: at - strings.LastIndexByte(before, '\n')}
}
