package stamp

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"strings"

	"github.com/digitorus/timestamp"

	"github.com/throughline/throughline/app/fault"
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
	_, err = Verify(answer.RawToken, content, a.Roots)
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
