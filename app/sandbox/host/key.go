package host

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"net/http"
)

// ServeHTTP gives out the public key as PEM, below a path that ends in /{kid}.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("kid") != h.key.ID {
		http.NotFound(w, r)
		return
	}
	raw, err := x509.MarshalPKIXPublicKey(&h.key.RSA().PublicKey)
	if err != nil {
		http.Error(w, "the key could not be encoded", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	_ = pem.Encode(w, &pem.Block{Type: "PUBLIC KEY", Bytes: raw}) // the client may be gone
}

// newSecret is a random secret of 256 bits.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
