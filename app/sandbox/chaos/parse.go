package chaos

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// ParseRule reads a rule as a flag holds it: the kind, then its settings: "rate-limit,method=POST,path=/issue,times=3,retryAfter=2".
// The names are those of the JSON form; a value holds no comma.
func ParseRule(s string) (Rule, error) {
	kind, rest, _ := strings.Cut(s, ",")
	fields := map[string]any{"kind": strings.TrimSpace(kind)}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case part == "":
			continue
		case !ok:
			return Rule{}, fmt.Errorf("fault %q: %q is no name=value", s, part)
		case name == "times" || name == "status" || name == "retryAfter" || name == "probability":
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return Rule{}, fmt.Errorf("fault %q: %s must be a number, not %q", s, name, value)
			}
			fields[name] = n
		case name == "method" || name == "path" || name == "event" || name == "delay" || name == "reason":
			fields[name] = value
		default:
			return Rule{}, fmt.Errorf("fault %q: there is no setting %q", s, name)
		}
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return Rule{}, fmt.Errorf("fault %q: %w", s, err)
	}
	var r Rule
	if err := json.Unmarshal(raw, &r); err != nil {
		return Rule{}, fmt.Errorf("fault %q: %w", s, err)
	}
	if _, _, err := r.check(); err != nil {
		return Rule{}, fmt.Errorf("fault %q: %w", s, err)
	}
	return r, nil
}
