package task

import (
	"context"
	"sync"
	"time"

	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
)

// statuses remembers what Jira said of the categories of its statuses. They hardly ever change; that one is not known leads to a
// call, though not more often than once in statusPause. The zero value is ready.
type statuses struct {
	mu    sync.Mutex
	known map[tenant.ID]map[string]threat.Category // by status id
	asked map[tenant.ID]time.Time
}

const statusPause = time.Minute

// statusTeller is Jira, as far as it tells of statuses.
type statusTeller interface {
	Statuses(ctx context.Context) (map[string]threat.Category, error)
}

// of is the category of a status; empty for one that Jira does not list.
func (s *statuses) of(ctx context.Context, id tenant.ID, status string, now time.Time, jira statusTeller) (threat.Category, error) {
	s.mu.Lock()
	defer s.mu.Unlock() // whoever else asks wants the same answer
	if c, ok := s.known[id][status]; ok {
		return c, nil
	}
	if at, asked := s.asked[id]; asked && now.Sub(at) < statusPause {
		return "", nil
	}
	all, err := jira.Statuses(ctx)
	if err != nil {
		return "", err
	}
	if s.known == nil {
		s.known, s.asked = map[tenant.ID]map[string]threat.Category{}, map[tenant.ID]time.Time{}
	}
	s.known[id], s.asked[id] = all, now
	return all[status], nil
}
