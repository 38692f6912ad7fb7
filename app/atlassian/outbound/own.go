package outbound

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"github.com/throughline/throughline/app/fault"
)

// Own is what an operator allows inside of the own network: connections to a few hosts, as long as their names lead into networks that
// are named. The zero value allows nothing.
type Own struct {
	Nets  []netip.Prefix
	Sites []string // base URLs
}

// never are addresses that no setting opens: link-local ones, among them the metadata services of clouds, and those of such services
// that lie elsewhere (AWS over IPv6, Alibaba Cloud).
var never = [...]netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("fd00:ec2::254/128"),
	netip.MustParsePrefix("100.100.100.200/32"), netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("::/128"),
}

// private are the networks that a site of one's own can be in: RFC 1918, RFC 6598, RFC 4193 and the loopback.
var private = [...]netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("::1/128"),
}

// ParseNets reads networks as an operator writes them ("10.20.0.0/16", "192.168.7.4" for one address). fault.Invalid for what is no
// network, and for one that is not wholly private: public addresses need no permission, and link-local ones get none.
func ParseNets(texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if a, single := netip.ParseAddr(text); single == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || p.Addr().Zone() != "" {
			return nil, fault.New(fault.Invalid, "%q is no network; write it as 10.20.0.0/16 or fd12:3456::/32", text)
		}
		if p = p.Masked(); !within(private[:], p) {
			return nil, fault.New(fault.Invalid, "%q is not a private network (inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8 or fc00::/7); nothing else can be allowed", text)
		}
		out = append(out, p)
	}
	return out, nil
}

func within(nets []netip.Prefix, p netip.Prefix) bool {
	for _, n := range nets {
		if n.Bits() <= p.Bits() && n.Contains(p.Addr()) {
			return true
		}
	}
	return false
}

// allows reports whether an address inside may be connected to.
func (o Own) allows(a netip.Addr) bool {
	a = a.Unmap()
	if a.Zone() != "" || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() {
		return false
	}
	one := netip.PrefixFrom(a, a.BitLen())
	return !within(never[:], one) && within(o.Nets, one)
}

// dialer connects to the sites of one's own by one rule and to everything else by the strict one. A connection is kept for the
// host and port that it was made for, so none of the one kind serves the other.
func (o Own) dialer(base net.Dialer) func(ctx context.Context, network, addr string) (net.Conn, error) {
	strict, own := base, base
	strict.Control = refuseInside
	own.Control = func(network, address string, c syscall.RawConn) error {
		if at, err := netip.ParseAddrPort(address); err == nil && o.allows(at.Addr()) {
			return nil
		}
		return refuseInside(network, address, c)
	}
	hosts := map[string]bool{}
	for _, site := range o.Sites {
		if u, err := url.Parse(site); err == nil && u.Host != "" {
			hosts[hostPort(u)] = true
		}
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if hosts[strings.ToLower(addr)] {
			return own.DialContext(ctx, network, addr)
		}
		return strict.DialContext(ctx, network, addr)
	}
}

// hostPort is how the transport names a URL's host when it dials.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	return strings.ToLower(net.JoinHostPort(u.Hostname(), port))
}
