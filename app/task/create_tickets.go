package task

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// order is a ticket to be created.
type order struct {
	threat *threat.Threat
	draft  jira.Draft
}

// create files tickets for at most jira.MaxBulk threats. What Jira refuses because of a field that can be done without is asked
// for once more without it; what it still refuses is blocked, with Jira's words.
func (f *filing) create(ctx context.Context, some []*threat.Threat) error {
	form, err := f.who.form(ctx, f.rule)
	if err != nil {
		return err
	}
	orders := make([]order, len(some))
	for i, t := range some {
		part, err := f.who.component(ctx, f.rule.Project, f.rule.Component, t.Text)
		if err != nil {
			return err
		}
		text := t.Text
		if text.Person.Account, err = f.who.mentioned(ctx, text.Person.Account); err != nil {
			return err
		}
		if t.Owner, err = resolve(ctx, f.who, f.rule.Project, candidates(text, part, f.page.OwnerID, f.Policy)); err != nil {
			return err
		}
		t.Without = nil
		if named := f.rule.Component; named != "" && part.Name == "" {
			f.leave(ctx, t, threat.Without{Field: "component", Value: named, Why: "project " + f.rule.Project + " has no such component"})
		}
		t.Assigned = threat.Assignment{Account: t.Owner.Account, Named: t.Text.Person.String()}
		orders[i] = order{t, f.Policy.draft(*t, f.page, f.edition, f.rule, form, part, f.Now())}
	}
	refused, err := f.post(ctx, orders)
	if err != nil {
		return err
	}
	var again []order
	for _, r := range refused {
		if o, left := simpler(r); len(left) > 0 {
			f.leave(ctx, o.threat, left...)
			again = append(again, o)
		} else if err := f.block(ctx, f.mend(r), r.threat); err != nil {
			return err
		}
	}
	if refused, err = f.post(ctx, again); err != nil {
		return err
	}
	for _, r := range refused {
		if err := f.block(ctx, f.mend(r), r.threat); err != nil {
			return err
		}
	}
	return nil
}

// refusal is an order that Jira did not take, and why.
type refusal struct {
	order
	cause error
}

// post commits an intent for each order, makes the one create call, and binds what it made. It returns what Jira refused. After
// an unknown outcome the intents stay, and the next run looks for the markers.
func (f *filing) post(ctx context.Context, orders []order) ([]refusal, error) {
	if len(orders) == 0 {
		return nil, nil
	}
	threats, drafts := make([]*threat.Threat, len(orders)), make([]jira.Draft, len(orders))
	for i, o := range orders {
		threats[i], drafts[i] = o.threat, o.draft
		o.threat.Intent = &threat.Intent{Project: f.rule.Project, Marker: marker(o.threat.ID), At: f.Now()}
	}
	if err := f.commit(ctx, trace.Change{}, threats...); err != nil {
		return nil, err
	}
	made, err := f.jira.Create(ctx, drafts)
	if err != nil {
		f.Count.Ticket("failed")
		return nil, errors.Join(fault.Wrap(err, "filing %d tickets for page %s", len(drafts), f.page.ID), f.takeBack(ctx, threats, err))
	}
	var bound []binding
	var refused []refusal
	for i, m := range made {
		if m.Err != nil {
			orders[i].threat.Intent = nil
			refused = append(refused, refusal{orders[i], m.Err})
			continue
		}
		f.Count.Ticket("filed")
		// What the call has set is known without reading it again; the status is that of a new issue.
		bound = append(bound, binding{orders[i].threat, jira.Issue{
			ID: m.ID, Key: m.Key, URL: m.URL, Category: threat.ToDo, Assignee: drafts[i].Assignee, AssigneeName: orders[i].threat.Owner.Name, Due: drafts[i].Due,
		}})
	}
	if len(bound) == 0 {
		return refused, nil
	}
	return refused, f.bind(ctx, ledger.Filed, "filed for it", bound...)
}

// takeBack removes intents of a call that certainly made nothing, so that the next try need not wait for Jira's index.
func (f *filing) takeBack(ctx context.Context, threats []*threat.Threat, cause error) error {
	switch fault.KindOf(cause) {
	case fault.Uncertain, fault.Internal:
		return nil
	}
	for _, t := range threats {
		t.Intent = nil
	}
	return f.commit(context.WithoutCancel(ctx), trace.Change{}, threats...)
}

// leave notes what a ticket is filed without, where people look.
func (f *filing) leave(ctx context.Context, t *threat.Threat, all ...threat.Without) {
	t.Without = append(t.Without, all...)
	for _, w := range all {
		f.Log.WarnContext(ctx, "a ticket is filed without a field that was wanted", "tenant", f.job.Tenant, "page", f.page.ID, "threat", t.ID,
			"project", f.rule.Project, "field", w.Field, "value", w.Value, "why", w.Why)
	}
}

// simpler drops the fields that Jira refused and that a ticket can do without, and tells which. None means that no other order helps.
func simpler(r refusal) (o order, left []threat.Without) {
	o = r.order
	refused := jira.Fields(r.cause)
	for _, field := range slices.Sorted(maps.Keys(refused)) {
		why, name, value := refused[field], "", ""
		switch {
		case field == "assignee" && o.draft.Assignee != "":
			name, value = "assignee", cmp.Or(o.threat.Owner.Name, o.draft.Assignee)
			o.threat.Owner = threat.Owner{Reason: fmt.Sprintf("Jira refused to assign %s (%s): %s", o.threat.Owner.Name, o.threat.Owner.Reason, why)}
			o.draft.Assignee, o.threat.Assigned.Account = "", ""
		case field == "components" && o.draft.Component != "":
			name, value, o.draft.Component = "component", o.draft.Component, ""
		case field == "priority" && o.draft.Priority != "":
			name, value, o.draft.Priority = "priority", o.draft.Priority, ""
		case field == "duedate" && o.draft.Due != "":
			name, value, o.draft.Due = "due date", o.draft.Due, ""
		default:
			continue
		}
		left = append(left, threat.Without{Field: name, Value: value, Why: "Jira: " + why})
	}
	return o, left
}

// lessThan says what a ticket was filed without, to be added to why it was.
func lessThan(all []threat.Without) string {
	var parts []string
	for _, w := range all {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", w.Field, w.Value, strings.TrimRight(w.Why, ".")))
	}
	if parts == nil {
		return ""
	}
	return ", without " + strings.Join(parts, ", ")
}

// mend says what Jira refused, and who can do what about it.
func (f *filing) mend(r refusal) string {
	what := strings.TrimRight(r.cause.Error(), ".")
	where := "Throughline's settings"
	if !f.rule.IsDefault() {
		where = fmt.Sprintf("the mapping's rule %q at line %d", f.rule.Name, f.rule.Line)
	}
	return fmt.Sprintf("Jira refuses a %s in project %s: %s. Change the project's fields or %s, then run the job again", f.rule.IssueType, f.rule.Project, what, where)
}
