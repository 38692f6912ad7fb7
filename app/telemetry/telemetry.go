// Package telemetry is what an operator sees of the running service: its log and its metrics.
package telemetry

import (
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/throughline/throughline/app/tenant"
)

// NewLog makes a log of the format "json" or "text". Times are UTC.
func NewLog(w io.Writer, format string) *slog.Logger {
	opts := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			a.Value = slog.TimeValue(a.Value.Time().UTC())
		}
		return a
	}}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// Metrics counts what the service does, in a registry of its own. Labels never carry a tenant or a page: their number is bounded.
type Metrics struct {
	Registry *prometheus.Registry
	reviews  *prometheus.CounterVec
	panels   *prometheus.CounterVec
	tickets  *prometheus.CounterVec
	requests *prometheus.CounterVec
	purged   *prometheus.CounterVec

	mu    sync.Mutex
	twice map[tenant.ID]int // threats with more than one ticket, by the last audit
}

// NewMetrics makes the registry with the service's counters and those of the Go runtime and process.
func NewMetrics() *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "throughline", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		reviews:  counter("reviews_total", "Page events by what their review came to.", "result"),
		panels:   counter("panels_total", "Panel writes by result.", "result"),
		tickets:  counter("tickets_total", "Tickets by what became of them.", "result"),
		twice:    map[tenant.ID]int{},
		requests: counter("http_requests_total", "Requests served, by route and status.", "route", "status"),
		purged:   counter("purged_total", "What was deleted of sites that had been uninstalled for long enough.", "what"),
	}
	m.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "throughline", Name: "duplicate_tickets", Help: "Threats that had more than one ticket by the last audit of each site. Anything but 0 is a bug, or a copy that somebody made of a ticket.",
	}, m.duplicates))
	m.Registry.MustRegister(m.reviews, m.panels, m.tickets, m.requests, m.purged, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Review counts what a page event came to.
func (m *Metrics) Review(result string) { m.reviews.WithLabelValues(result).Inc() }

// Panel counts a panel write.
func (m *Metrics) Panel(result string) { m.panels.WithLabelValues(result).Inc() }

// Ticket counts what became of a ticket.
func (m *Metrics) Ticket(result string) { m.tickets.WithLabelValues(result).Inc() }

// Duplicates keeps how many threats of a tenant have more than one ticket.
func (m *Metrics) Duplicates(id tenant.ID, threats int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.twice[id] = threats
}

func (m *Metrics) duplicates() (sum float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.twice {
		sum += float64(n)
	}
	return sum
}

// Request counts a served request. Route is the route's template, never the path as asked.
func (m *Metrics) Request(route, status string) { m.requests.WithLabelValues(route, status).Inc() }

// Purged counts what was deleted of a site: its "pages", "threats", "entries" of the ledger and "jobs", and the "sites" themselves.
func (m *Metrics) Purged(what string, n int) { m.purged.WithLabelValues(what).Add(float64(n)) }

// Handler serves the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{Registry: m.Registry})
}
