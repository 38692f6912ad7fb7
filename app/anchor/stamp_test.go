package anchor_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/throughline/throughline/app/anchor"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
)

// authority is a time-stamp authority with a root of its own.
type authority struct {
	root   *x509.Certificate
	signer *x509.Certificate
	key    crypto.Signer
	answer func(*timestamp.Timestamp) // changes what is signed; nil changes nothing
	reply  func(http.ResponseWriter, []byte)
	asked  int
}

// usage is the extension that says what a certificate is for.
func usage(critical bool, purposes ...int) []pkix.Extension {
	var ids []asn1.ObjectIdentifier
	for _, n := range purposes {
		ids = append(ids, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, n})
	}
	value, err := asn1.Marshal(ids)
	if err != nil {
		panic(err)
	}
	return []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: value}}
}

const (
	forServers = 1
	forStamps  = 8
)

func newAuthority(t *testing.T, usage []pkix.Extension, until time.Time) *authority {
	t.Helper()
	certify := func(template, parent *x509.Certificate, by crypto.Signer) (*x509.Certificate, crypto.Signer) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if parent == nil {
			parent, by = template, key
		}
		raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		return c, key
	}
	from := time.Now().Add(-48 * time.Hour)
	root, rootKey := certify(&x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root"}, NotBefore: from, NotAfter: from.AddDate(9, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	signer, key := certify(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Stamps"}, NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: usage,
	}, root, rootKey)
	return &authority{root: root, signer: signer, key: key}
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.asked++
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	q, err := timestamp.ParseRequest(raw)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	stamp := &timestamp.Timestamp{
		HashAlgorithm: q.HashAlgorithm, HashedMessage: q.HashedMessage, Nonce: q.Nonce, Time: time.Now(), Policy: []int{1, 2, 3}, AddTSACertificate: true,
		SerialNumber: big.NewInt(int64(a.asked)),
	}
	if a.answer != nil {
		a.answer(stamp)
	}
	token, err := stamp.CreateResponseWithOpts(a.signer, a.key, crypto.SHA256)
	if err != nil {
		panic(err)
	}
	if a.reply != nil {
		a.reply(w, token)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	_, _ = w.Write(token)
}

func TestStamp(t *testing.T) {
	stamps := usage(true, forStamps)
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
		{name: "a certificate for servers", usage: usage(true, forServers), until: later, want: fault.Unverified},
		{name: "a certificate for more", usage: usage(true, forStamps, forServers), until: later, want: fault.Unverified},
		{name: "a certificate that only suggests it", usage: usage(false, forStamps), until: later, want: fault.Unverified},
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
			tsa := newAuthority(t, tt.usage, tt.until)
			tsa.answer, tsa.reply = tt.answer, tt.reply
			server := httptest.NewServer(tsa)
			defer server.Close()
			roots := x509.NewCertPool()
			roots.AddCert(tsa.root)
			if tt.other {
				roots = x509.NewCertPool()
				roots.AddCert(newAuthority(t, stamps, later).root)
			}
			token, err := anchor.Authority{URL: server.URL, Roots: roots, Client: server.Client()}.Stamp(t.Context(), content)
			if tt.ok != (err == nil) || err != nil && !fault.Is(err, tt.want) {
				t.Fatalf("%v; want %v or kind %q", err, tt.ok, tt.want)
			}
			if !tt.ok {
				return
			}
			if at, err := anchor.VerifyStamp(token, content, roots); err != nil || time.Since(at) > time.Hour {
				t.Errorf("stamped at %v, %v", at, err)
			}
			if _, err := anchor.VerifyStamp(token, append(content, 'x'), roots); !fault.Is(err, fault.Unverified) {
				t.Errorf("of other content: %v", err)
			}
			if _, err := anchor.VerifyStamp(token, content, nil); !fault.Is(err, fault.Unverified) {
				t.Errorf("without roots: %v", err)
			}
		})
	}
}

// TestStampedOnce: a checkpoint is stamped once, and lies beside its token, as other programs want it.
func TestStampedOnce(t *testing.T) {
	tsa := newAuthority(t, usage(true, forStamps), time.Now().AddDate(1, 0, 0))
	server := httptest.NewServer(tsa)
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(tsa.root)
	a := anchor.Authority{URL: server.URL, Roots: roots, Client: server.Client()}
	folder := anchor.Folder{Path: filepath.Join(t.TempDir(), "checkpoints")}
	c := ledger.Checkpoint{Size: 12, Note: []byte("acme/throughline\n12\n…\n")}
	for range 2 {
		if err := folder.Stamped(t.Context(), a, "127.0.0.1:8091", c); err != nil {
			t.Fatal(err)
		}
	}
	if tsa.asked != 1 {
		t.Errorf("asked %d times", tsa.asked)
	}
	defer func() { // at the end: what is kept of one site is forgotten, what is kept of another whose name begins alike is not
		beside := filepath.Join(folder.Path, "127.0.0.1:80912")
		if err := os.WriteFile(beside, nil, 0o600); err != nil {
			t.Error(err)
		}
		if err := folder.Forget("127.0.0.1:8091"); err != nil {
			t.Error(err)
		}
		if left, err := filepath.Glob(filepath.Join(folder.Path, "*")); err != nil || len(left) != 1 || left[0] != beside {
			t.Errorf("left: %v, %v", left, err)
		}
	}()
	found, err := filepath.Glob(filepath.Join(folder.Path, "*.tsr"))
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v", found, err)
	}
	token, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := anchor.VerifyStamp(token, c.Note, roots); err != nil {
		t.Error(err)
	}
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed: it was not asked what it thinks of the token")
	}
	trusted := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tsa.root.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), openssl, "ts", "-verify", "-data", strings.TrimSuffix(found[0], ".tsr"), "-in", found[0], "-token_in", "-CAfile", trusted).CombinedOutput()
	if err != nil {
		t.Errorf("openssl: %v\n%s", err, out)
	}
}

// FuzzStamp: nobody makes a token without the authority's key.
func FuzzStamp(f *testing.F) {
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x00})
	f.Fuzz(func(t *testing.T, token []byte) {
		if at, err := anchor.VerifyStamp(token, []byte("content"), x509.NewCertPool()); err == nil {
			t.Errorf("verifies, of %v", at)
		}
	})
}
