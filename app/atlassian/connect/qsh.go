package connect

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// QSH is the query string hash that binds a token to one request: the SHA-256 of its canonical form, in lower-case hex.
func QSH(method string, u *url.URL, base string) string {
	sum := sha256.Sum256([]byte(Canonical(method, u, base)))
	return hex.EncodeToString(sum[:])
}

// Canonical is a request's canonical form: METHOD&path&query. The base is the path of the base URL that the receiver is known
// by ("/wiki"), which is left out of the form; a path that does not lie below it is taken whole. Rules: Atlassian, "Understanding
// JWT for Connect apps", as its signed test URLs read them where the text is unclear: values are sorted before they are encoded.
func Canonical(method string, u *url.URL, base string) string {
	path := u.EscapedPath() // as it is sent, never decoded
	if base = strings.TrimRight(base, "/"); base != "" {
		if rest, ok := strings.CutPrefix(path, base); ok && (rest == "" || rest[0] == '/') {
			path = rest
		}
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/") // one only
	}
	path = strings.ReplaceAll(path, "&", "%26")

	var b strings.Builder
	b.Grow(len(method) + len(path) + len(u.RawQuery) + 8)
	b.WriteString(strings.ToUpper(method))
	b.WriteByte('&')
	b.WriteString(path)
	b.WriteByte('&')
	writeQuery(&b, u.RawQuery)
	return b.String()
}

type param struct{ key, value string }

// writeQuery writes the parameters by key, each key once with its sorted values; the token itself is no part of what it signs.
func writeQuery(b *strings.Builder, raw string) {
	if raw == "" {
		return
	}
	params := make([]param, 0, strings.Count(raw, "&")+1)
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		if p := (param{unescape(key), unescape(value)}); p.key != "jwt" {
			params = append(params, p)
		}
	}
	slices.SortFunc(params, func(x, y param) int {
		if c := strings.Compare(x.key, y.key); c != 0 {
			return c
		}
		return strings.Compare(x.value, y.value)
	})
	for i, p := range params {
		switch {
		case i > 0 && params[i-1].key == p.key:
			b.WriteByte(',')
		default:
			if i > 0 {
				b.WriteByte('&')
			}
			escape(b, p.key)
			b.WriteByte('=')
		}
		escape(b, p.value)
	}
}

// unescape decodes a piece of a query; one that is wrongly encoded stands for itself.
func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// escape percent-encodes all but RFC 3986's unreserved characters. url.QueryEscape is not it: it writes + for a space.
func escape(b *strings.Builder, s string) {
	const hexDigits = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
}
