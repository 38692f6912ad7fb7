package sandbox

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// listenLoopback listens on a numeric loopback address or on localhost, and on nothing else.
func listenLoopback(addr string) (net.Listener, error) {
	name, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	if name == "localhost" {
		name = "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(name); err != nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("listen on %q: the sandbox has no real users and serves the loopback only, such as 127.0.0.1:8091", addr)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(context.Background(), "tcp", net.JoinHostPort(name, port))
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	return ln, nil
}

// isLoopback reports whether the host of a Host header is a name of this machine. A page of another site whose name was pointed
// here (DNS rebinding) comes with that name.
func isLoopback(hostport string) bool {
	name, _, err := net.SplitHostPort(hostport)
	if err != nil {
		name = hostport
	}
	if name == "localhost" {
		return true
	}
	if len(name) > 1 && name[0] == '[' && name[len(name)-1] == ']' {
		name = name[1 : len(name)-1]
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}

// guard refuses requests that name another host.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			http.Error(w, "The sandbox answers only to the names of this machine, such as 127.0.0.1 and localhost.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopbackClient reaches apps on this machine and nothing else, through no proxy and along no redirect.
func loopbackClient() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Client{
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if !isLoopback(addr) {
					return nil, fmt.Errorf("%s is not on the loopback; the sandbox calls nothing else", addr)
				}
				return dialer.DialContext(ctx, network, addr)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
