package operate

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/throughline/throughline/app/fault"
)

// The socket lies in a folder of its own inside the data folder, which nobody else may enter: between a socket's making and its chmod
// anybody could open it.
const (
	socketFolder = "run"
	socketName   = "operate.sock"
)

// Serve serves h on the socket in folder dir until ctx ends. A socket that a dead server left is replaced: the caller holds the
// store's lock, so no other server can be alive.
func Serve(ctx context.Context, dir string, h http.Handler) error {
	folder := filepath.Join(dir, socketFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fault.As(fault.Invalid, err, "making the socket's folder")
	}
	if err := os.Chmod(folder, 0o700); err != nil {
		return fault.As(fault.Internal, err, "closing the socket's folder to others")
	}
	path := filepath.Join(folder, socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault.As(fault.Internal, err, "removing an old socket")
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return fault.As(fault.Invalid, err, "opening the operator's socket: is the path of %s longer than 100 characters?", dir)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(fault.As(fault.Internal, err, "closing the operator's socket to others"), l.Close())
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fault.As(fault.Internal, err, "serving the operator's socket")
	}
	return nil
}

// Dial returns a client of the server that runs on folder dir; false when none does.
func Dial(dir string) (*http.Client, bool) {
	path := filepath.Join(dir, socketFolder, socketName)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	conn, err := dial(context.Background(), "", "")
	if err != nil {
		return nil, false
	}
	_ = conn.Close()
	return &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}, true
}

// InProcess returns a client that calls h itself, for commands that opened the store themselves.
func InProcess(h http.Handler) *http.Client {
	return &http.Client{Transport: inProcess{h}}
}

type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	body, w := io.Pipe()
	answer := &piped{header: http.Header{}, body: w, ready: make(chan int, 1)}
	go func() {
		p.ServeHTTP(answer, r)
		answer.WriteHeader(http.StatusOK)
		_ = w.Close()
	}()
	return &http.Response{StatusCode: <-answer.ready, Header: answer.header, Body: body, Request: r, ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1}, nil
}

// piped streams a handler's answer, so that a large export needs no memory.
type piped struct {
	header http.Header
	body   *io.PipeWriter
	ready  chan int
	begun  bool
}

func (p *piped) Header() http.Header { return p.header }

func (p *piped) WriteHeader(status int) {
	if !p.begun {
		p.begun = true
		p.ready <- status
	}
}

func (p *piped) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	return p.body.Write(b)
}
