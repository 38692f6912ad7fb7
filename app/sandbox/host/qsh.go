package host

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// ContextQSH is what stands for the query string hash in a token that is bound to no request.
const ContextQSH = "context-qsh"

// Canonical is the canonical form of a request: METHOD&path&query. Base is the address below which the path counts; its own path is
// taken away. The path stays encoded as it was sent.
func Canonical(method string, u *url.URL, base string) string {
	return strings.ToUpper(method) + "&" + canonicalPath(u, base) + "&" + canonicalQuery(u.RawQuery)
}

// QSH is the query string hash of a request.
func QSH(method string, u *url.URL, base string) string {
	sum := sha256.Sum256([]byte(Canonical(method, u, base)))
	return hex.EncodeToString(sum[:])
}

func canonicalPath(u *url.URL, base string) string {
	path := rawPath(u)
	if b, err := url.Parse(base); err == nil {
		prefix := strings.TrimSuffix(b.EscapedPath(), "/")
		if rest, ok := strings.CutPrefix(path, prefix); ok && (rest == "" || rest[0] == '/') {
			path = rest
		}
	}
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return strings.ReplaceAll(path, "&", "%26")
}

// rawPath is the path as it was sent where the URL remembers it.
func rawPath(u *url.URL) string {
	if u.RawPath != "" {
		return u.RawPath
	}
	return u.EscapedPath()
}

type parameter struct {
	key    string
	values []string
}

// canonicalQuery decodes the parameters, drops the token itself, sorts keys and each key's values before they are encoded, and joins
// repeated values by commas.
func canonicalQuery(raw string) string {
	var params []parameter
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		key, value = decode(key), decode(value)
		if key == "jwt" || key == "__proto__" {
			continue
		}
		i, found := slices.BinarySearchFunc(params, key, func(p parameter, k string) int { return strings.Compare(p.key, k) })
		if !found {
			params = slices.Insert(params, i, parameter{key: key})
		}
		params[i].values = append(params[i].values, value)
	}
	out := make([]string, len(params))
	for i, p := range params {
		slices.Sort(p.values)
		for n, v := range p.values {
			p.values[n] = encode(v)
		}
		out[i] = encode(p.key) + "=" + strings.Join(p.values, ",")
	}
	return strings.Join(out, "&")
}

// decode undoes percent encoding and plus signs; what is no valid encoding stays as it is.
func decode(s string) string {
	if d, err := url.QueryUnescape(s); err == nil {
		return d
	}
	return s
}

// encode percent-encodes all but RFC 3986's unreserved characters.
func encode(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}
