package tenant

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Secret is a value that cannot be printed: every way of formatting or encoding it shows a placeholder or fails.
type Secret struct{ value string }

const hidden = "[secret]"

// NewSecret takes a value into hiding.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal gives the value to the code that signs or seals with it.
func (s Secret) Reveal() string { return s.value }

// Empty reports whether there is no value.
func (s Secret) Empty() bool { return s.value == "" }

// String shows the placeholder.
func (s Secret) String() string { return hidden }

// Format shows the placeholder for every verb: %d would otherwise print the fields.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// GoString shows the placeholder for %#v.
func (s Secret) GoString() string { return hidden }

// LogValue shows the placeholder in logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON refuses: a secret is sealed by the store, never encoded.
func (s Secret) MarshalJSON() ([]byte, error) {
	return nil, errors.New("tenant: a secret cannot be encoded as JSON")
}

// MarshalText refuses, for the same reason.
func (s Secret) MarshalText() ([]byte, error) {
	return nil, errors.New("tenant: a secret cannot be encoded as text")
}
