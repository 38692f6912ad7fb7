// Package stamp has checkpoints stamped by a time-stamp authority (RFC 3161), and checks its tokens: that something was there at a time,
// by the word of somebody who neither holds the store nor the key of the ledger.
package stamp

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"os"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"

	"github.com/throughline/throughline/app/fault"
)

// Read checks that a token is of content and is signed by the certificate for time stamps that lies in it, and returns the time that it
// states, UTC. Who that certificate belongs to is not looked at: see Verify. fault.Unverified when it is not so.
func Read(token, content []byte) (time.Time, error) {
	t, p7, err := parse(token, content)
	if err != nil {
		return time.Time{}, err
	}
	if err := p7.Verify(); err != nil {
		return time.Time{}, wrong("%v", err)
	}
	return t.Time.UTC(), nil
}

// Verify checks a token over content and returns its time, UTC: signed by a certificate that is for time stamps alone, was good at that
// time, and that one of the roots vouches for. fault.Unverified when it is not so.
func Verify(token, content []byte, roots *x509.CertPool) (time.Time, error) {
	t, p7, err := parse(token, content)
	if err != nil {
		return time.Time{}, err
	}
	if roots == nil {
		return time.Time{}, wrong("no root certificate says whom to trust")
	}
	chain := x509.NewCertPool()
	for _, c := range p7.Certificates {
		chain.AddCert(c)
	}
	if err := p7.VerifyWithOpts(x509.VerifyOptions{
		Roots: roots, Intermediates: chain, CurrentTime: t.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	}); err != nil {
		return time.Time{}, wrong("%v", err)
	}
	return t.Time.UTC(), nil
}

func parse(token, content []byte) (*timestamp.Timestamp, *pkcs7.PKCS7, error) {
	t, err := timestamp.Parse(token)
	if err != nil {
		return nil, nil, wrong("%v", err)
	}
	sum := sha256.Sum256(content)
	if t.HashAlgorithm != crypto.SHA256 || !bytes.Equal(t.HashedMessage, sum[:]) {
		return nil, nil, wrong("it is of something else")
	}
	p7, err := pkcs7.Parse(token)
	if err != nil {
		return nil, nil, wrong("%v", err)
	}
	if signer := p7.GetOnlySigner(); signer == nil || !forStampsAlone(signer) {
		return nil, nil, wrong("it is not signed by one certificate that is for time stamps alone")
	}
	return t, p7, nil
}

func wrong(format string, args ...any) error {
	return fault.New(fault.Unverified, "the time stamp: "+format, args...)
}

// forStampsAlone reports whether a certificate is for time stamps and nothing else, and says so in the binding way (RFC 3161, section 2.3).
func forStampsAlone(c *x509.Certificate) bool {
	binding := slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Critical && e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 37}) })
	return binding && slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}) && len(c.UnknownExtKeyUsage) == 0
}

// Roots reads the certificates that somebody trusts, PEM, from a file. fault.Invalid when there are none in it.
func Roots(file string) (*x509.CertPool, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.As(fault.Invalid, err, "name the file with the time-stamp authority's root certificates")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fault.New(fault.Invalid, "%s holds no certificate in PEM", file)
	}
	return pool, nil
}
