package inbound

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/fault"
)

func TestAnswer(t *testing.T) {
	tests := []struct {
		name  string
		err   error
		want  int
		after string
	}{
		{"done", nil, 204, ""},
		{"not proven", Refusal("qsh"), 401, ""},
		{"no event", fault.New(fault.Invalid, "x"), 400, ""},
		{"may not", fault.New(fault.Denied, "x"), 403, ""},
		{"another's", fault.New(fault.Conflict, "x"), 409, ""},
		{"too large", Unreadable(&http.MaxBytesError{Limit: 7}, "read"), 413, ""},
		{"cut off", Unreadable(errors.New("EOF"), "read"), 503, "10"},
		{"busy", fault.BusyFor(1500*time.Millisecond, "x"), 503, "2"},
		{"a store that failed", fault.New(fault.Internal, "x"), 503, "10"},
		{"a store that knows nothing", fault.New(fault.NotFound, "x"), 503, "10"},
		{"nobody knows", fault.New(fault.Uncertain, "x"), 503, "10"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			if got := Answer(w, tt.err); got != tt.want || w.Code != tt.want || w.Header().Get("Retry-After") != tt.after || w.Body.Len() != 0 {
				t.Errorf("%d %d, Retry-After %q, body %q; want %d, %q and no body", got, w.Code, w.Header().Get("Retry-After"), w.Body, tt.want, tt.after)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"ours keeps its word", Refusal("key id"), "key id"},
		{"malformed", jwt.ErrTokenMalformed, "malformed"},
		{"another audience", errors.Join(jwt.ErrTokenInvalidClaims, jwt.ErrTokenInvalidAudience), "audience"},
		{"expired", errors.Join(jwt.ErrTokenInvalidClaims, jwt.ErrTokenExpired), "time"},
		{"signature", jwt.ErrTokenSignatureInvalid, "signature"},
		{"anything else", errors.New("eyJhbGciOi secret parts of a token"), "unverifiable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Refused(tt.err)
			if got := Reason(err); got != tt.want || !fault.Is(err, fault.Unverified) {
				t.Errorf("%q, %s; want %q", got, fault.KindOf(err), tt.want)
			}
			if err.Error() != "the token was refused: "+tt.want {
				t.Errorf("the error says more than our word: %v", err)
			}
		})
	}
}
