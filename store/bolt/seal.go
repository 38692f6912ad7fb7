package bolt

import (
	"crypto/aes"
	"crypto/cipher"

	"github.com/throughline/throughline/app/fault"
)

// sealer encrypts with AES-256-GCM under a random nonce, which stands before the ciphertext. What is sealed is bound to a
// place (the associated data), so that it cannot be moved to another.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (*sealer, error) {
	if len(key) != 32 {
		return nil, fault.New(fault.Invalid, "store: the master key has %d bytes: it needs 32, at random", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fault.As(fault.Invalid, err, "store: master key")
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fault.As(fault.Invalid, err, "store: master key")
	}
	return &sealer{aead}, nil
}

func (s *sealer) seal(plain, place []byte) []byte {
	return s.aead.Seal(nil, nil, plain, place)
}

func (s *sealer) open(sealed, place []byte) ([]byte, error) {
	return s.aead.Open(nil, nil, sealed, place)
}
