package threat

// Severity is a threat's severity on Throughline's scale. Empty means the page states none, and is shown so.
type Severity string

// The scale, worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Unstated Severity = ""
)

// Rank orders severities: 4 for critical … 1 for low, 0 for unstated.
func (s Severity) Rank() int {
	switch s {
	case Critical:
		return 4
	case High:
		return 3
	case Medium:
		return 2
	case Low:
		return 1
	}
	return 0
}
