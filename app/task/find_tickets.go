package task

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// find looks for the tickets of threats whose create call had an unknown outcome: by their markers in Jira's index, again and again
// while it may not show them yet, and once more past the index before anything is created anew.
func (f *filing) find(ctx context.Context, unknown []*threat.Threat) error {
	var missing []*threat.Threat
	for some := range slices.Chunk(unknown, jira.MaxBulk) {
		issues, err := f.jira.FindByLabels(ctx, markers(some))
		if err != nil {
			return fault.Wrap(err, "looking for %d tickets that may have been filed for page %s", len(some), f.page.ID)
		}
		rest, err := f.bindFound(ctx, some, issues)
		if err != nil {
			return err
		}
		missing = append(missing, rest...)
	}
	missing, err := f.ripe(ctx, missing)
	if err != nil || len(missing) == 0 {
		return err
	}
	if missing, err = f.findFresh(ctx, missing); err != nil {
		return err
	}
	for _, t := range missing {
		if t.State.Live() {
			err = f.lacking(ctx, t)
		} else {
			t.Intent = nil
			err = f.commit(ctx, trace.Change{}, t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bindFound binds those threats whose markers are among the issues, which are ordered oldest first, and returns the others.
func (f *filing) bindFound(ctx context.Context, threats []*threat.Threat, issues []jira.Issue) (missing []*threat.Threat, err error) {
	var bound []binding
	for _, t := range threats {
		var carry []jira.Issue
		for _, i := range issues {
			if slices.Contains(i.Labels, t.Intent.Marker) {
				carry = append(carry, i)
			}
		}
		if len(carry) == 0 {
			missing = append(missing, t)
			continue
		}
		if len(carry) > 1 {
			tellTwice(ctx, f.Log, f.job.Tenant, t.Intent.Marker, carry)
		}
		f.Count.Ticket("found")
		bound = append(bound, binding{t, carry[0]})
	}
	if len(bound) == 0 {
		return missing, nil
	}
	return missing, f.bind(ctx, ledger.Filed, "found by its marker", bound...)
}

// ripe returns the threats whose tickets the index has had time to show. For the others the run is to be repeated: soon at first,
// then ever more rarely.
func (f *filing) ripe(ctx context.Context, missing []*threat.Threat) (out []*threat.Threat, err error) {
	var redated []*threat.Threat
	now := f.Now()
	for _, t := range missing {
		age := now.Sub(t.Intent.At)
		if age < 0 { // the clock was set back: nobody knows how long ago the call was, so the time to wait begins now
			again := *t.Intent
			again.At = now
			t.Intent = &again
			redated, age = append(redated, t), 0
		}
		if age < f.Policy.IndexWait {
			f.wait = max(f.wait, min(f.Policy.IndexWait-age, max(time.Second, age)))
			continue
		}
		out = append(out, t)
	}
	if len(redated) > 0 {
		err = f.commit(ctx, trace.Change{}, redated...)
	}
	return out, err
}

// freshAge is after how long no index hides an issue any more, so that a server which was off for a week need not read a week's issues.
const freshAge = 24 * time.Hour

// findFresh reads the project's newest issues themselves, which no index hides, and binds those that carry a marker.
func (f *filing) findFresh(ctx context.Context, missing []*threat.Threat) ([]*threat.Threat, error) {
	oldest, fresh := f.Now(), false
	for _, t := range missing {
		if age := f.Now().Sub(t.Intent.At); age < freshAge {
			fresh = true
			if t.Intent.At.Before(oldest) {
				oldest = t.Intent.At
			}
		}
	}
	if !fresh {
		return missing, nil
	}
	want := markers(missing)
	var carry []jira.Issue
	for _, project := range f.intended(missing) {
		err := f.jira.Fresh(ctx, project, f.Now().Sub(oldest)+f.Policy.IndexWait, func(i jira.Issue) {
			if overlap(i.Labels, want) {
				carry = append(carry, i)
			}
		})
		if err != nil {
			return nil, fault.Wrap(err, "looking through the newest issues of %s for tickets that the search may hide", project)
		}
	}
	return f.bindFound(ctx, missing, carry)
}

// intended are the projects that tickets were to be filed in. The mapping may name others by now.
func (f *filing) intended(threats []*threat.Threat) []string {
	var out []string
	for _, t := range threats {
		if project := cmp.Or(t.Intent.Project, f.rule.Project); !slices.Contains(out, project) {
			out = append(out, project)
		}
	}
	return out
}

func markers(threats []*threat.Threat) []string {
	out := make([]string, len(threats))
	for i, t := range threats {
		out[i] = t.Intent.Marker
	}
	return out
}

func keys(issues []jira.Issue) string {
	out := make([]string, len(issues))
	for i, is := range issues {
		out[i] = is.Key
	}
	return strings.Join(out, ", ")
}
