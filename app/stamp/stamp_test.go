package stamp_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/stamp"
	"github.com/throughline/throughline/app/stamp/stamptest"
)

func TestStamp(t *testing.T) {
	stamps := stamptest.Usage(true, stamptest.ForStamps)
	later := time.Now().AddDate(1, 0, 0)
	replied := func(status int, kind string, body []byte) func(http.ResponseWriter, []byte) {
		return func(w http.ResponseWriter, token []byte) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write(append(body, token...))
		}
	}
	const reply = "application/timestamp-reply"
	tests := []struct {
		name   string
		usage  []pkix.Extension
		until  time.Time
		answer func(*timestamp.Timestamp)
		reply  func(http.ResponseWriter, []byte)
		other  bool // trust another root
		want   fault.Kind
		ok     bool
	}{
		{name: "as it should be", usage: stamps, until: later, ok: true},
		{name: "a root that is not trusted", usage: stamps, until: later, other: true, want: fault.Unverified},
		{name: "a certificate for servers", usage: stamptest.Usage(true, stamptest.ForServers), until: later, want: fault.Unverified},
		{name: "a certificate for more", usage: stamptest.Usage(true, stamptest.ForStamps, stamptest.ForServers), until: later, want: fault.Unverified},
		{name: "a certificate that only suggests it", usage: stamptest.Usage(false, stamptest.ForStamps), until: later, want: fault.Unverified},
		{name: "a certificate for anything", until: later, want: fault.Unverified},
		{name: "a certificate that had ended", usage: stamps, until: time.Now().Add(-time.Hour), want: fault.Unverified},
		{name: "another nonce", usage: stamps, until: later, answer: func(s *timestamp.Timestamp) { s.Nonce = big.NewInt(7) }, want: fault.Unverified},
		{name: "no nonce", usage: stamps, until: later, answer: func(s *timestamp.Timestamp) { s.Nonce = nil }, want: fault.Unverified},
		{name: "another hash", usage: stamps, until: later, answer: func(s *timestamp.Timestamp) { s.HashedMessage = make([]byte, 32) }, want: fault.Unverified},
		{name: "no certificate", usage: stamps, until: later, answer: func(s *timestamp.Timestamp) { s.AddTSACertificate = false }, want: fault.Unverified},
		{name: "an error", usage: stamps, until: later, reply: replied(http.StatusInternalServerError, reply, nil), want: fault.Busy},
		{name: "a page", usage: stamps, until: later, reply: replied(http.StatusOK, "text/html", nil), want: fault.Busy},
		{name: "a redirect", usage: stamps, until: later, reply: replied(http.StatusFound, reply, nil), want: fault.Busy},
		{name: "no token", usage: stamps, until: later, reply: replied(http.StatusOK, reply, []byte("oops")), want: fault.Unverified},
		{name: "without end", usage: stamps, until: later, reply: replied(http.StatusOK, reply, make([]byte, 1<<20+1)), want: fault.Unverified},
	}
	content := []byte("acme/throughline\n12\n…\n")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tsa := stamptest.With(t, tt.usage, tt.until)
			tsa.Answer, tsa.Reply = tt.answer, tt.reply
			server := httptest.NewServer(tsa)
			defer server.Close()
			roots := tsa.Pool()
			if tt.other {
				roots = stamptest.With(t, stamps, later).Pool()
			}
			token, err := stamp.Authority{URL: server.URL, Roots: roots, Client: server.Client()}.Stamp(t.Context(), content)
			if tt.ok != (err == nil) || err != nil && !fault.Is(err, tt.want) {
				t.Fatalf("%v; want %v or kind %q", err, tt.ok, tt.want)
			}
			if !tt.ok {
				return
			}
			if at, err := stamp.Verify(token, content, roots); err != nil || time.Since(at) > time.Hour {
				t.Errorf("stamped at %v, %v", at, err)
			}
			if _, err := stamp.Verify(token, append(content, 'x'), roots); !fault.Is(err, fault.Unverified) {
				t.Errorf("of other content: %v", err)
			}
			if at, err := stamp.Read(token, content); err != nil || time.Since(at) > time.Hour {
				t.Errorf("read: stamped at %v, %v", at, err)
			}
			if _, err := stamp.Read(token, append(content, 'x')); !fault.Is(err, fault.Unverified) {
				t.Errorf("read, of other content: %v", err)
			}
			if _, err := stamp.Verify(token, content, nil); !fault.Is(err, fault.Unverified) {
				t.Errorf("without roots: %v", err)
			}
		})
	}
}

// FuzzStamp: nobody makes a token without the authority's key.
func FuzzStamp(f *testing.F) {
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x00})
	f.Fuzz(func(t *testing.T, token []byte) {
		if at, err := stamp.Verify(token, []byte("content"), x509.NewCertPool()); err == nil {
			t.Errorf("verifies, of %v", at)
		}
	})
}
