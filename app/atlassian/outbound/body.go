package outbound

import (
	"io"

	"github.com/throughline/throughline/app/fault"
)

// cappedBody fails, rather than ends, at its limit: a cut-off answer must never be taken for a whole one.
type cappedBody struct {
	io.ReadCloser
	left   int64
	limit  int64
	closed func()
}

// capped limits a body; closed is called when it is closed.
func capped(body io.ReadCloser, limit int64, closed func()) io.ReadCloser {
	return &cappedBody{ReadCloser: body, left: limit, limit: limit, closed: closed}
}

func (b *cappedBody) Close() error {
	defer b.closed()
	return b.ReadCloser.Close()
}

func (b *cappedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.tooLong()
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, b.tooLong()
	}
	return n, err
}

func (b *cappedBody) tooLong() error {
	return fault.New(fault.Invalid, "Atlassian's answer is longer than the %d bytes that are accepted", b.limit)
}
