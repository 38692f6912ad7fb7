package task

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/throughline/throughline/app/threat"
)

// counting tells statuses, and counts how often it was asked.
type counting struct {
	known map[string]threat.Category
	err   error
	asked int
}

func (c *counting) Statuses(context.Context) (map[string]threat.Category, error) {
	c.asked++
	return c.known, c.err
}

func TestStatuses(t *testing.T) {
	var s statuses
	jira := &counting{err: errors.New("down")}
	ask := func(status string, at time.Time) (threat.Category, error) {
		return s.of(t.Context(), site, status, at, jira)
	}
	if _, err := ask("3", noon); err == nil {
		t.Error("a site that is down was not an error")
	}
	jira.err, jira.known = nil, map[string]threat.Category{"3": threat.Doing}
	for range 3 {
		if c, err := ask("3", noon); err != nil || c != threat.Doing {
			t.Errorf("%s, %v", c, err)
		}
	}
	if jira.asked != 2 {
		t.Errorf("asked %d times, want once after the failure", jira.asked)
	}
	for range 3 { // one that is not listed
		if c, err := ask("99", noon.Add(time.Second)); err != nil || c != "" {
			t.Errorf("%s, %v", c, err)
		}
	}
	jira.known = map[string]threat.Category{"3": threat.Doing, "99": threat.Done}
	if c, err := ask("99", noon.Add(2*statusPause)); err != nil || c != threat.Done || jira.asked != 3 {
		t.Errorf("made meanwhile: %s, %v, asked %d times", c, err, jira.asked)
	}
}
