package outbound

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count by product, front door and endpoint, never by tenant: a label must not grow with the customers, nor name them.
type metrics struct {
	calls   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	held    *prometheus.CounterVec

	mu    sync.Mutex
	known map[string]bool // endpoints that have a label of their own
}

const mostEndpoints = 64

func newMetrics(reg prometheus.Registerer, r *Road) *metrics {
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "throughline_outbound_calls_total", Help: "Calls to Atlassian by product, the tenant's front door, endpoint and status (or error).",
		}, []string{"product", "door", "endpoint", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "throughline_outbound_seconds", Help: "Time until Atlassian answered.",
			Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"product", "door"}),
		held: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "throughline_outbound_held_total", Help: "Calls that were not made, by what held them back.",
		}, []string{"product", "door", "by"}),
		known: map[string]bool{},
	}
	if reg != nil {
		reg.MustRegister(m.calls, m.seconds, m.held,
			prometheus.NewCounterFunc(prometheus.CounterOpts{
				Name: "throughline_outbound_points_total", Help: "Points spent on calls to Atlassian.",
			}, func() float64 { return float64(r.Spent().Points) }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "throughline_outbound_points_hour", Help: "Points spent in the running UTC hour.",
			}, func() float64 { return float64(r.Spent().Hour) }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "throughline_outbound_points_limit", Help: "Points allowed an hour; 0 means no limit.",
			}, func() float64 { return float64(r.Spent().Limit) }))
	}
	return m
}

func (m *metrics) answered(l *lane, c call, resp *http.Response, err error, took time.Duration) {
	status := "error"
	if err == nil {
		status = strconv.Itoa(resp.StatusCode)
	}
	m.calls.WithLabelValues(string(l.product), l.door, m.endpoint(c.String()), status).Inc()
	m.seconds.WithLabelValues(string(l.product), l.door).Observe(took.Seconds())
}

func (m *metrics) heldBack(l *lane, by string) {
	m.held.WithLabelValues(string(l.product), l.door, by).Inc()
}

// endpoint bounds the label whatever paths are called.
func (m *metrics) endpoint(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known[name] {
		if len(m.known) >= mostEndpoints {
			return "other"
		}
		m.known[name] = true
	}
	return name
}
