package inbound

import (
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/fault"
)

// reason says why a token was refused, for the metric: a word of ours, never one of the token's.
type reason string

func (r reason) Error() string { return string(r) }

// Refusal is the error of a caller who did not prove who they are. The word is for metrics and the debug log alone.
func Refusal(why string) error {
	return &fault.Error{Kind: fault.Unverified, Text: "the token was refused", Err: reason(why)}
}

// Refused turns a JWT parser's error into a Refusal. Its text may hold parts of the token and is dropped.
func Refused(err error) error {
	var why reason
	switch {
	case errors.As(err, &why):
		return Refusal(string(why))
	case errors.Is(err, jwt.ErrTokenMalformed):
		return Refusal("malformed")
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return Refusal("audience")
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return Refusal("issuer")
	case errors.Is(err, jwt.ErrTokenInvalidClaims):
		return Refusal("time")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Refusal("signature")
	default:
		return Refusal("unverifiable")
	}
}

// Reason is the word of a refusal, or the kind of any other error.
func Reason(err error) string {
	var r reason
	if errors.As(err, &r) {
		return string(r)
	}
	return fmt.Sprint(fault.KindOf(err))
}
