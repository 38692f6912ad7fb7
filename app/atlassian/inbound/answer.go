// Package inbound is what the front doors share: how a request that came in is answered, and how a refusal is named without telling
// the caller anything.
package inbound

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/throughline/throughline/app/fault"
)

// Answer writes the status of an error, without a body, and returns it: 204 for none, 503 with Retry-After where the sender should
// try again.
func Answer(w http.ResponseWriter, err error) int {
	status := Status(err)
	if status == http.StatusServiceUnavailable {
		after := fault.RetryAfter(err)
		if after <= 0 {
			after = 10 * time.Second
		}
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	}
	w.WriteHeader(status)
	return status
}

// Status is the status that an error is answered with.
func Status(err error) int {
	if err == nil {
		return http.StatusNoContent
	}
	var large TooLarge
	if errors.As(err, &large) {
		return http.StatusRequestEntityTooLarge
	}
	switch kind := fault.KindOf(err); kind {
	case fault.Unverified, fault.Invalid, fault.Denied, fault.Conflict:
		return kind.Status()
	default:
		// A store that failed, whatever its reason: the sender should try again, and must not think that we know nothing of it.
		return http.StatusServiceUnavailable
	}
}

// TooLarge is the error of a body over its limit, in bytes.
type TooLarge struct{ Limit int64 }

func (e TooLarge) Error() string {
	return "the body is longer than " + strconv.FormatInt(e.Limit, 10) + " bytes"
}

// Unreadable is the error of a body that did not arrive whole: too large, or cut off on the way.
func Unreadable(err error, format string, args ...any) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.As(fault.Invalid, TooLarge{large.Limit}, format, args...)
	}
	return fault.As(fault.Busy, err, format, args...)
}
