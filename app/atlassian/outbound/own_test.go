package outbound_test

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

func TestParseNets(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // empty: refused
	}{
		{"a network", "10.20.0.0/16", "10.20.0.0/16"},
		{"an address of it", "10.20.3.4/16", "10.20.0.0/16"},
		{"one address", "192.168.7.4", "192.168.7.4/32"},
		{"IPv6", "fd12:3456::/32", "fd12:3456::/32"},
		{"the loopback", "127.0.0.0/8", "127.0.0.0/8"},
		{"everything", "0.0.0.0/0", ""},
		{"everything in IPv6", "::/0", ""},
		{"more than is private", "10.0.0.0/7", ""},
		{"link-local", "169.254.0.0/16", ""},
		{"a cloud's metadata", "169.254.169.254", ""},
		{"link-local in IPv6", "fe80::/10", ""},
		{"a public network", "104.192.142.0/24", ""},
		{"IPv4 inside of IPv6", "::ffff:10.0.0.0/104", ""},
		{"a zone", "fe80::1%eth0", ""},
		{"a name", "jira.example.com", ""},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := outbound.ParseNets([]string{tt.text})
			if tt.want == "" {
				if !fault.Is(err, fault.Invalid) {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			if err != nil || len(got) != 1 || got[0] != netip.MustParsePrefix(tt.want) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// TestOwnNetwork calls a site on the loopback. Where it is allowed, somebody is spoken to there; where not, nobody is.
func TestOwnNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	spoken := make(chan struct{}, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			spoken <- struct{}{}
			_ = c.Close() // TLS fails, after the connection was had
		}
	}()
	base := "https://" + l.Addr().String()
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	tests := []struct {
		name    string
		own     outbound.Own
		base    string
		allowed bool
	}{
		{"nothing is named", outbound.Own{}, base, false},
		{"the network and the site", outbound.Own{Nets: loopback, Sites: []string{base + "/jira"}}, base, true},
		{"the network, and another site", outbound.Own{Nets: loopback, Sites: []string{"https://jira.example.com"}}, base, false},
		{"the network, and another port", outbound.Own{Nets: loopback, Sites: []string{"https://127.0.0.1:1"}}, base, false},
		{"another network", outbound.Own{Nets: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Sites: []string{base}}, base, false},
		{"the site by its name", outbound.Own{Nets: loopback, Sites: []string{strings.Replace(base, "127.0.0.1", "LOCALHOST", 1)}}, strings.Replace(base, "127.0.0.1", "localhost", 1), true},
		{"http", outbound.Own{Nets: loopback, Sites: []string{"http://" + l.Addr().String()}}, "http://" + l.Addr().String(), false},
		{
			"metadata, although it is named",
			outbound.Own{Nets: []netip.Prefix{netip.MustParsePrefix("169.254.0.0/16")}, Sites: []string{"https://169.254.169.254"}},
			"https://169.254.169.254", false,
		},
		{
			"metadata over IPv6, inside of a network that is named",
			outbound.Own{Nets: []netip.Prefix{netip.MustParsePrefix("fd00::/8")}, Sites: []string{"https://[fd00:ec2::254]"}},
			"https://[fd00:ec2::254]", false,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := outbound.New(outbound.Options{Own: tt.own}).Client(acme(tt.base), tenant.Jira, nil)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tt.base+"/x", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err == nil {
				resp.Body.Close()
				t.Fatal("it was answered")
			}
			if denied := fault.Is(err, fault.Denied); denied == tt.allowed {
				t.Errorf("allowed is %v: %v", !denied, err)
			}
			if (len(spoken) > 0) != tt.allowed {
				t.Errorf("%d connections were made", len(spoken))
			}
			for len(spoken) > 0 {
				<-spoken
			}
		})
	}
}
