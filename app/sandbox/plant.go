package sandbox

import (
	"fmt"

	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/seed"
)

// plant gives a site that holds none yet its issues and pages.
func (s *Sandbox) plant(space string, o Options) error {
	if len(s.jira.Issues()) == 0 {
		for _, i := range o.Issues {
			if err := s.plantIssue(i); err != nil {
				return fmt.Errorf("making the issue %q: %w", i.Summary, err)
			}
		}
	}
	if len(s.confluence.Pages()) > 0 {
		return nil
	}
	home, ok := s.confluence.Space(space)
	if !ok {
		return fmt.Errorf("the space %s is missing", space)
	}
	for _, p := range o.Pages {
		owner := p.Owner
		if owner == "" {
			owner = s.people.all()[0].AccountID
		}
		if _, err := s.confluence.Create(owner, confluence.Draft{SpaceID: home.ID, Title: p.Title, Body: s.Body(p.Body), Labels: p.Labels}); err != nil {
			return fmt.Errorf("making the page %q of %s: %w", p.Title, p.File, err)
		}
	}
	return nil
}

func (s *Sandbox) plantIssue(i seed.Issue) error {
	fields := map[string]any{
		"project": map[string]string{"key": i.Project}, "issuetype": map[string]string{"name": i.Type}, "summary": i.Summary,
		"description": i.Description, "labels": append([]string{}, i.Labels...),
	}
	if i.Assignee != "" {
		fields["assignee"] = map[string]string{"accountId": i.Assignee}
	}
	reporter := i.Reporter
	if reporter == "" {
		reporter = s.people.all()[0].AccountID
	}
	_, err := s.jira.Create(reporter, fields)
	return err
}
