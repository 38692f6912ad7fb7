package outbound

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// TestPace makes many calls at once in simulated time and counts how many pass in any second.
func TestPace(t *testing.T) {
	tests := []struct {
		method string
		most   int // Atlassian's limit
		within time.Duration
	}{
		{http.MethodGet, 100, 13 * time.Second},
		{http.MethodPost, 100, 13 * time.Second},
		{http.MethodPut, 50, 25 * time.Second},
		{http.MethodDelete, 50, 25 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPaces(time.Now)
				var passed []time.Time
				begun := time.Now()
				for range 1000 {
					if err := p.wait(t.Context(), "acme", tenant.Confluence, call{method: tt.method, template: "/api/v2/pages/{id}"}); err != nil {
						t.Fatal(err)
					}
					passed = append(passed, time.Now())
				}
				first := 0
				for i, at := range passed {
					for !passed[first].After(at.Add(-time.Second)) {
						first++
					}
					if n := i - first + 1; n > tt.most {
						t.Fatalf("%d calls within a second, %d are allowed", n, tt.most)
					}
				}
				if took := time.Since(begun); took > tt.within {
					t.Errorf("1000 calls took %s, more than %s: the limit is not made use of", took, tt.within)
				}
			})
		})
	}
}

// TestPaceIsTheEndpoints: a busy endpoint keeps no other back, nor another tenant's, nor does it wait longer than its caller.
func TestPaceIsTheEndpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaces(time.Now)
		busy := call{method: http.MethodPut, template: "/rest/api/content/{id}"}
		for range writesAtOnce {
			if err := p.wait(t.Context(), "acme", tenant.Confluence, busy); err != nil {
				t.Fatal(err)
			}
		}
		begun := time.Now()
		for _, free := range []struct {
			id tenant.ID
			c  call
		}{{"acme", call{method: http.MethodGet, template: busy.template}}, {"other", busy}} {
			if err := p.wait(t.Context(), free.id, tenant.Confluence, free.c); err != nil || time.Since(begun) > 0 {
				t.Errorf("%s %s waited %s: %v", free.id, free.c, time.Since(begun), err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := p.wait(ctx, "acme", tenant.Confluence, busy); !fault.Is(err, fault.Busy) {
			t.Errorf("a caller that gave up got %v, want Busy", err)
		}
	})
}

func TestPacesAreBounded(t *testing.T) {
	now := time.Now()
	p := newPaces(func() time.Time { return now })
	for i := range 3 * mostPaces {
		now = now.Add(time.Second)
		if err := p.wait(t.Context(), tenant.ID(fmt.Sprint(i)), tenant.Jira, call{method: http.MethodGet, template: "/x"}); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.of) > mostPaces {
		t.Errorf("%d paces are remembered, at most %d should be", len(p.of), mostPaces)
	}
}
