package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"
)

// method is the hash that a signature names; nil for one that is not taken. Atlassian signs with sha256 and warns that the
// method may change. SHA-1 is refused, although older senders of the same header used it.
func method(name string) func() hash.Hash {
	if name == "sha256" {
		return sha256.New
	}
	return nil
}

// signature is an X-Hub-Signature that was read: the method, and the sender's authentication code.
type signature struct {
	hash func() hash.Hash
	code []byte
}

// readSignature reads "sha256=<hex>". It reports false for anything else, a code of another length than its method's included.
func readSignature(header string) (signature, bool) {
	name, code, found := strings.Cut(header, "=")
	h := method(name)
	if !found || h == nil || len(code) != hex.EncodedLen(h().Size()) {
		return signature{}, false
	}
	raw, err := hex.DecodeString(code)
	return signature{h, raw}, err == nil
}

// signs reports, in constant time, whether the signature is that of the raw body under the secret.
func (s signature) signs(body []byte, secret string) bool {
	mac := hmac.New(s.hash, []byte(secret))
	mac.Write(body) // never fails
	return hmac.Equal(mac.Sum(nil), s.code)
}
