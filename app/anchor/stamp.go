package anchor

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// Authority is a time-stamp authority (RFC 3161): it signs that it saw a hash at a time, and sees nothing else.
type Authority struct {
	URL    string
	Roots  *x509.CertPool // of the authority's certificate, as the operator trusts them
	Client *http.Client   // that sends to URL only
}

// mostToken is how long a token can be.
const mostToken = 1 << 20

// Stamp has content stamped and returns the token, DER, once it verifies: signed for this very question by a certificate for time
// stamps that one of the roots vouches for. fault.Unverified when it does not, fault.Busy when the authority does not answer.
func (a Authority) Stamp(ctx context.Context, content []byte) ([]byte, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return nil, fault.As(fault.Internal, err, "making a nonce")
	}
	question, err := timestamp.CreateRequest(bytes.NewReader(content), &timestamp.RequestOptions{Hash: crypto.SHA256, Certificates: true, Nonce: nonce})
	if err != nil {
		return nil, fault.As(fault.Internal, err, "making a time-stamp request")
	}
	raw, err := a.ask(ctx, question)
	if err != nil {
		return nil, fault.Wrap(err, "asking the time-stamp authority")
	}
	answer, err := timestamp.ParseResponse(raw)
	if err != nil {
		return nil, fault.As(fault.Unverified, err, "the time-stamp authority's answer")
	}
	if answer.Nonce == nil || answer.Nonce.Cmp(nonce) != 0 {
		return nil, fault.New(fault.Unverified, "the time-stamp authority's answer is to another question")
	}
	_, err = VerifyStamp(answer.RawToken, content, a.Roots)
	return answer.RawToken, err
}

func (a Authority) ask(ctx context.Context, question []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL, bytes.NewReader(question))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/timestamp-query")
	resp, err := a.Client.Do(req)
	if err != nil {
		return nil, fault.As(fault.Busy, err, "no answer")
	}
	defer resp.Body.Close()
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "application/timestamp-reply") {
		return nil, fault.New(fault.Busy, "it answered %s with %q", resp.Status, kind)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, mostToken+1))
	if err == nil && len(raw) > mostToken {
		err = fault.New(fault.Unverified, "its answer is longer than %d bytes", mostToken)
	}
	return raw, err
}

// VerifyStamp checks a token over content and returns its time. The certificate must have been good at that time.
func VerifyStamp(token, content []byte, roots *x509.CertPool) (time.Time, error) {
	wrong := func(format string, args ...any) (time.Time, error) {
		return time.Time{}, fault.New(fault.Unverified, "the time stamp: %s", fmt.Sprintf(format, args...))
	}
	stamp, err := timestamp.Parse(token)
	if err != nil {
		return wrong("%v", err)
	}
	sum := sha256.Sum256(content)
	if stamp.HashAlgorithm != crypto.SHA256 || !bytes.Equal(stamp.HashedMessage, sum[:]) {
		return wrong("it is of something else")
	}
	p7, err := pkcs7.Parse(token)
	if err != nil {
		return wrong("%v", err)
	}
	if signer := p7.GetOnlySigner(); signer == nil || !forStampsAlone(signer) {
		return wrong("it is not signed by one certificate that is for time stamps alone")
	}
	chain := x509.NewCertPool()
	for _, c := range p7.Certificates {
		chain.AddCert(c)
	}
	if roots == nil {
		return wrong("no root certificate says whom to trust")
	}
	if err := p7.VerifyWithOpts(x509.VerifyOptions{
		Roots: roots, Intermediates: chain, CurrentTime: stamp.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	}); err != nil {
		return wrong("%v", err)
	}
	return stamp.Time.UTC(), nil
}

// forStampsAlone reports whether a certificate is for time stamps and nothing else, and says so in the binding way (RFC 3161, section 2.3).
func forStampsAlone(c *x509.Certificate) bool {
	binding := slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Critical && e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 37}) })
	return binding && slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}) && len(c.UnknownExtKeyUsage) == 0
}

// Stamped has a checkpoint stamped and keeps both side by side: SITE,SIZE is what was stamped, SITE,SIZE.tsr the token. One that is
// there already is left as it is.
func (f Folder) Stamped(ctx context.Context, a Authority, id tenant.ID, c ledger.Checkpoint) error {
	name := fmt.Sprintf("%s,%d", f.file(id), c.Size)
	if _, err := os.Stat(name + ".tsr"); err == nil {
		return nil
	}
	token, err := a.Stamp(ctx, c.Note)
	if err != nil {
		return err
	}
	if err = os.MkdirAll(filepath.Dir(name), 0o700); err == nil {
		if err = replaceFile(name, c.Note); err == nil {
			err = replaceFile(name+".tsr", token)
		}
	}
	return fault.As(fault.Internal, err, "keeping the time stamp of the checkpoint of %s", id)
}
