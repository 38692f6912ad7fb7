// Package stamptest is a time-stamp authority (RFC 3161) on this machine, for tests.
package stamptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
)

// Authority is a time-stamp authority with a root of its own. It answers over HTTP; its methods and fields are for one goroutine while it does not.
type Authority struct {
	Root   *x509.Certificate
	Answer func(*timestamp.Timestamp)        // changes what is signed; nil changes nothing
	Reply  func(http.ResponseWriter, []byte) // answers with the response, or otherwise; nil answers as RFC 3161 has it

	asked  atomic.Int64
	signer *x509.Certificate
	key    crypto.Signer
}

// Usage is the extension that says what a certificate is for.
func Usage(critical bool, purposes ...int) []pkix.Extension {
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

// The purposes that certificates of tests have: numbers below id-kp (RFC 5280, section 4.2.1.12).
const (
	ForServers = 1
	ForStamps  = 8
)

// New makes an authority with a certificate for time stamps that is good for a year.
func New(t testing.TB) *Authority {
	t.Helper()
	return With(t, Usage(true, ForStamps), time.Now().AddDate(1, 0, 0))
}

// With makes an authority whose certificate is for what usage says, and ends when until says.
func With(t testing.TB, usage []pkix.Extension, until time.Time) *Authority {
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
	return &Authority{Root: root, signer: signer, key: key}
}

// Asked is how often it was asked.
func (a *Authority) Asked() int { return int(a.asked.Load()) }

// Pool has the authority's root as who trusts it holds it, PEM the same as a file's content.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.Root)
	return pool
}

// PEM is the root as a file has it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Root.Raw})
}

// Token stamps content at a time, without being asked over HTTP.
func (a *Authority) Token(t testing.TB, content []byte, at time.Time) []byte {
	t.Helper()
	sum := sha256.Sum256(content)
	raw, err := a.sign(&timestamp.Timestamp{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: at})
	if err != nil {
		t.Fatal(err)
	}
	response, err := timestamp.ParseResponse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return response.RawToken
}

func (a *Authority) sign(stamp *timestamp.Timestamp) ([]byte, error) {
	stamp.Policy, stamp.AddTSACertificate, stamp.SerialNumber = []int{1, 2, 3}, true, big.NewInt(a.asked.Add(1))
	if a.Answer != nil {
		a.Answer(stamp)
	}
	return stamp.CreateResponseWithOpts(a.signer, a.key, crypto.SHA256)
}

// ServeHTTP implements http.Handler.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	q, err := timestamp.ParseRequest(raw)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	token, err := a.sign(&timestamp.Timestamp{HashAlgorithm: q.HashAlgorithm, HashedMessage: q.HashedMessage, Nonce: q.Nonce, Time: time.Now()})
	if err != nil {
		panic(err)
	}
	if a.Reply != nil {
		a.Reply(w, token)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	_, _ = w.Write(token)
}
