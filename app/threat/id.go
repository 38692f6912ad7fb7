package threat

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// ID names a threat for its whole life: "T-" and eight characters of Crockford's base 32 (no I, L, O, U).
type ID string

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewID derives an id from where and how a threat was first stated. The same parts give the same id, so that a review that
// is repeated after a crash mints no second one; taken reports ids already in use, and a collision moves on to the next.
func NewID(taken func(ID) bool, parts ...string) ID {
	seed := strings.Join(parts, "\x00")
	for n := uint64(0); ; n++ {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(seed), n))
		bits := binary.BigEndian.Uint64(sum[:8])
		var b [10]byte
		b[0], b[1] = 'T', '-'
		for i := 9; i > 1; i-- {
			b[i] = alphabet[bits&31]
			bits >>= 5
		}
		if id := ID(b[:]); taken == nil || !taken(id) {
			return id
		}
	}
}
