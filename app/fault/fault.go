// Package fault gives every error a kind, so that one place at the edge can decide what it means: an HTTP status, a retry, a
// sentence for the operator. Everything below the edge only wraps.
package fault

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Kind says what sort of failure an error is. The zero value is Internal: an error nobody classified is ours.
type Kind uint8

// The kinds, from who is at fault to what may be done about it.
const (
	Internal   Kind = iota // a bug, a full disk: not to be repeated blindly
	Invalid                // the input is wrong and will stay wrong
	NotFound               // the thing does not exist, or not for this caller
	Gone                   // it existed and was deleted
	Conflict               // somebody else changed it since it was read: read again
	Unverified             // the caller could not prove who they are
	Denied                 // the caller is known and may not
	Busy                   // try again later; see RetryAfter
	Uncertain              // the other side may or may not have done it: look before repeating
)

var names = [...]string{"internal", "invalid", "not found", "gone", "conflict", "unverified", "denied", "busy", "uncertain"}

// String is the kind in words, as logs and `throughline jobs` show it.
func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return "internal"
}

// Status is the HTTP status that a handler answers an error of this kind with.
func (k Kind) Status() int {
	switch k {
	case Invalid:
		return http.StatusBadRequest
	case NotFound:
		return http.StatusNotFound
	case Gone:
		return http.StatusGone
	case Conflict:
		return http.StatusConflict
	case Unverified:
		return http.StatusUnauthorized
	case Denied:
		return http.StatusForbidden
	case Busy:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// Error is a classified error. Err may be nil when Text says all.
type Error struct {
	Kind  Kind
	Text  string        // what was tried, on what, and what the reader can do; never a secret
	Err   error         // the cause, or nil
	After time.Duration // Busy only: how long to wait, 0 when unknown
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Text
	}
	if e.Text == "" {
		return e.Err.Error()
	}
	return e.Text + ": " + e.Err.Error()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a kind, with no cause below it.
func New(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// As gives a cause a kind and context. It returns nil for nil.
func As(kind Kind, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...), Err: err, After: RetryAfter(err)}
}

// BusyFor is a Busy error whose sender asked to wait.
func BusyFor(after time.Duration, format string, args ...any) error {
	return &Error{Kind: Busy, Text: fmt.Sprintf(format, args...), After: after}
}

// Wrap adds context and keeps the kind. It returns nil for nil.
func Wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: KindOf(err), Text: fmt.Sprintf(format, args...), Err: err, After: RetryAfter(err)}
}

// KindOf returns the kind of the outermost classified error in err's chain, Internal when there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is of the kind. A nil error is of none.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// RetryAfter returns how long a Busy error asked to wait, 0 when it did not say.
func RetryAfter(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.After
	}
	return 0
}
