package app

import (
	"context"
	"time"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/task"
	"github.com/throughline/throughline/app/tenant"
)

// reconciler asks a site's Jira which tickets of Throughline's it has, for evidence packs.
type reconciler struct{ sites task.Sites }

// listed is up to how many tickets Jira is asked for each: a hundred a call. Beyond, its count alone is compared.
const listed = 5000

// patience is how long a pack waits for Jira's answer in all: fifty calls that a slow site answers would else take half an hour.
const patience = 2 * time.Minute

// Tickets implements evidence.Reconciler.
func (r reconciler) Tickets(ctx context.Context, id tenant.ID) (evidence.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client, err := r.sites.Jira(ctx, id)
	if err != nil {
		return evidence.Answer{}, err
	}
	a := evidence.Answer{Question: "labels = " + jira.Quote(task.Label)}
	if a.Count, err = client.Count(ctx, a.Question); err != nil || a.Count > listed {
		return a, err
	}
	a.Keys = map[string]string{}
	err = client.Search(ctx, a.Question+" ORDER BY key ASC", func(i jira.Issue) bool {
		a.Keys[i.ID] = i.Key
		return true
	})
	a.Count = len(a.Keys) // the count is approximate by its name; the list is not
	return a, err
}
