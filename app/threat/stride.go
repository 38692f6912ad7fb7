package threat

import "strings"

// STRIDE is one letter of the STRIDE scheme (Shostack, Threat Modeling, 2014).
type STRIDE string

// The six kinds.
const (
	Spoofing        STRIDE = "S"
	Tampering       STRIDE = "T"
	Repudiation     STRIDE = "R"
	Disclosure      STRIDE = "I"
	DenialOfService STRIDE = "D"
	Elevation       STRIDE = "E"
)

// AllSTRIDE lists the kinds in the scheme's order.
func AllSTRIDE() []STRIDE {
	return []STRIDE{Spoofing, Tampering, Repudiation, Disclosure, DenialOfService, Elevation}
}

// Name is the kind in words.
func (s STRIDE) Name() string {
	switch s {
	case Spoofing:
		return "Spoofing"
	case Tampering:
		return "Tampering"
	case Repudiation:
		return "Repudiation"
	case Disclosure:
		return "Information disclosure"
	case DenialOfService:
		return "Denial of service"
	case Elevation:
		return "Elevation of privilege"
	}
	return ""
}

// JoinSTRIDE writes kinds as "S, E"; empty for none.
func JoinSTRIDE(kinds []STRIDE) string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = string(k)
	}
	return strings.Join(out, ", ")
}
