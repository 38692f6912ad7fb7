package evidence

import (
	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/threat"
)

// bearOn counts the criteria that a threat bears on, and adds them to the mapping's table.
func (c *collection) bearOn(t Threat, excepted bool) ([]threat.Criterion, error) {
	criteria, suggested := weigh(t, c.catalogue.Framework)
	reasons := map[string][]control.Row{} // by the mapping's version
	for _, one := range criteria {
		c.summary.bear(one.ID, t, !control.ByRule(one), excepted)
		why := ""
		if control.ByRule(one) {
			why = reason(one, subject(t), reasons)
		}
		if err := c.table("mapping").add(t.ID, one.ID, one.Framework, one.By, why, among(suggested, one.ID)); err != nil {
			return nil, err
		}
	}
	return criteria, nil
}

// reason is the first row of a criterion's mapping that leads to it. Rows that hold are kept in known, once a version.
func reason(one threat.Criterion, s control.Subject, known map[string][]control.Row) string {
	rows, ok := known[one.By]
	if !ok {
		m, err := control.Read(one.By)
		if err != nil {
			return "by " + one.By + ", which this version of Throughline does not know"
		}
		rows = m.Matching(one.Framework, s)
		known[one.By] = rows
	}
	for _, r := range rows {
		if r.ID == one.ID {
			return r.When + ": " + r.Why
		}
	}
	return "a former text of it led there"
}
