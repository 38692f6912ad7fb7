package evidence

import (
	"context"
	"slices"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/threat"
)

func subject(t Threat) control.Subject {
	return control.Subject{Text: t.Text, Reassessed: t.Reassessed > 0, Verified: t.State == threat.Verified}
}

// weigh finds the criteria that a threat bears on in a framework: those that the ledger has for it, and what its life itself bears on.
// Where the ledger has none of the framework, the present mapping suggests; a person's choice stands as it is. suggested is what the
// present mapping says.
func weigh(t Threat, framework string) (criteria, suggested []threat.Criterion) {
	suggested = control.Suggest(framework, subject(t))
	criteria = t.chosen(framework)
	switch {
	case len(criteria) == 0:
		return suggested, suggested
	case slices.ContainsFunc(criteria, func(one threat.Criterion) bool { return !control.ByRule(one) }):
		return criteria, suggested
	}
	plain := control.Suggest(framework, control.Subject{Text: t.Text})
	for _, one := range suggested { // what was done since it was last suggested
		if !among(plain, one.ID) && !among(criteria, one.ID) {
			criteria = append(criteria, one)
		}
	}
	return criteria, suggested
}

func among(criteria []threat.Criterion, id string) bool {
	return slices.ContainsFunc(criteria, func(one threat.Criterion) bool { return one.ID == id })
}

// Coverage counts the threats of a query's population that bear on each criterion of its framework, in the catalogue's order.
func Coverage(ctx context.Context, w *Walk, q Query) ([]*Bearing, error) {
	c, err := control.Framework(q.Framework)
	if err != nil {
		return nil, err
	}
	s := newSummary(c)
	err = w.Run(ctx, func(t Threat) error {
		if !q.Holds(t) {
			return nil
		}
		criteria, _ := weigh(t, c.Framework)
		excepted := len(except(t, q)) > 0
		for _, one := range criteria {
			s.bear(one.ID, t, !control.ByRule(one), excepted)
		}
		return nil
	})
	return s.bearings(c), err
}
