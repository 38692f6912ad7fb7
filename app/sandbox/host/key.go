package host

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
)

// signingKey signs installs. Apps fetch its public half by the key id.
type signingKey struct {
	ID      string `json:"kid"`
	Private []byte `json:"private"` // PKCS #8
	key     *rsa.PrivateKey
}

func newSigningKey() (signingKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return signingKey{}, fmt.Errorf("making the key that signs installs: %w", err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return signingKey{}, fmt.Errorf("encoding the key that signs installs: %w", err)
	}
	return signingKey{ID: newID(), Private: raw, key: key}, nil
}

func (k *signingKey) open() error {
	parsed, err := x509.ParsePKCS8PrivateKey(k.Private)
	if err != nil {
		return fmt.Errorf("reading the key that signs installs: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return fmt.Errorf("the key that signs installs is no RSA key but %T", parsed)
	}
	k.key = key
	return nil
}

// ServeHTTP gives out the public key as PEM, below a path that ends in /{kid}.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("kid") != h.key.ID {
		http.NotFound(w, r)
		return
	}
	raw, err := x509.MarshalPKIXPublicKey(&h.key.key.PublicKey)
	if err != nil {
		http.Error(w, "the key could not be encoded", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	_ = pem.Encode(w, &pem.Block{Type: "PUBLIC KEY", Bytes: raw}) // the client may be gone
}

// newID is a random UUID (version 4).
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// newSecret is a random secret of 256 bits.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
