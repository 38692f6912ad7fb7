// Package signing makes the RSA keys that a sandbox's hosts sign with, and the random ids that they give out.
package signing

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"fmt"
)

// Key is an RSA key in a form that is kept as JSON. One that was read must be opened before it is used.
type Key struct {
	ID      string `json:"kid"`
	Private []byte `json:"private"` // PKCS #8
	key     *rsa.PrivateKey
}

// NewKey makes a key, ready for use.
func NewKey() (Key, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return Key{}, fmt.Errorf("making a signing key: %w", err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Key{}, fmt.Errorf("encoding a signing key: %w", err)
	}
	return Key{ID: NewID(), Private: raw, key: key}, nil
}

// Open makes a key that was read ready for use.
func (k *Key) Open() error {
	parsed, err := x509.ParsePKCS8PrivateKey(k.Private)
	if err != nil {
		return fmt.Errorf("reading the signing key %s: %w", k.ID, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return fmt.Errorf("the signing key %s is no RSA key but %T", k.ID, parsed)
	}
	k.key = key
	return nil
}

// RSA is the key itself; nil before it is opened.
func (k *Key) RSA() *rsa.PrivateKey { return k.key }

// NewID is a random UUID of version 4.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
