package connect

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// Hosts are the sites that may install the app where the operator names none. An entry with a leading dot means all names
// below it.
func Hosts() []string { return []string{".atlassian.net", ".jira.com"} }

// site reads the base URL of an installation: the tenant it belongs to, and the URL as it is kept. Everything that the app
// will ever send to this tenant goes there, with credentials, so it is https to an Atlassian host; with Dev also a loopback host.
func (d *Door) site(base string) (tenant.ID, string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" || len(base) > 1024 {
		return "", "", fault.New(fault.Invalid, "the installation's base URL is no plain URL")
	}
	host, port := strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), u.Port()
	if strings.Contains(u.Path, "..") || u.EscapedPath() != u.Path {
		return "", "", fault.New(fault.Invalid, "the installation's base URL has an odd path")
	}
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		port = ""
	}
	switch {
	case d.dev && (u.Scheme == "http" || u.Scheme == "https") && loopback(host):
	case u.Scheme == "https" && port == "" && d.allowed(host):
	default:
		return "", "", fault.New(fault.Denied, "the host %q may not install the app; name it among the allowed hosts if it should", host)
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return tenant.ID(host), u.Scheme + "://" + host + strings.TrimRight(u.Path, "/"), nil
}

func (d *Door) allowed(host string) bool {
	for _, h := range d.hosts {
		if host == h || strings.HasPrefix(h, ".") && strings.HasSuffix(host, h) && len(host) > len(h) {
			return true
		}
	}
	return false
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
