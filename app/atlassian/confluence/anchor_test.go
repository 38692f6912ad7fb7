package confluence_test

import (
	"testing"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/tenant"
)

func TestAnchor(t *testing.T) {
	tests := []struct {
		name           string
		edition        tenant.Edition
		title, heading string
		want           string
	}{
		{"Cloud", tenant.Cloud, "Checkout design", "Threats  we see", "Threats-we-see"},
		{"Data Center", tenant.DataCenter, "Checkout design", "Threats  we see", "Checkoutdesign-Threatswesee"},
		{"letters that URLs escape", tenant.DataCenter, "Ü/1", "A?", "%C3%9C%2F1-A%3F"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := confluence.Anchor(tt.edition, tt.title, tt.heading); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
