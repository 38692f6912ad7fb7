package jira

import (
	"encoding/json"
	"net/http"
	"slices"
)

// Level is a security level: an issue that has one is seen by its members only, whatever else they may.
type Level struct {
	ID, Name, Description string
	Members               []string // account ids. Apps are members of none, unless an administrator makes them such
}

func (p Project) level(ref string) (Level, bool) {
	return find(p.Levels, ref, func(l Level) string { return l.ID }, func(l Level) string { return l.Name })
}

// sees reports whether an account sees an issue: it may browse its project, and is a member of its security level if it has one.
func (j *Jira) sees(account string, r *record) bool { return j.eyes(account)(r) }

// eyes is sees for many issues.
func (j *Jira) eyes(account string) func(*record) bool {
	browses := map[string]bool{}
	return func(r *record) bool {
		p, _ := j.project(r.Project)
		may, known := browses[p.Key]
		if !known {
			may = j.may(account, p, browseProjects)
			browses[p.Key] = may
		}
		if r.Security == "" || !may {
			return may
		}
		l, _ := p.level(r.Security)
		return slices.Contains(l.Members, account)
	}
}

// Sees reports whether an account sees the issue of a key or id.
func (j *Jira) Sees(account, ref string) bool {
	r, ok := j.get(ref)
	return ok && j.sees(account, r)
}

// unseen refuses what concerns an issue that the caller does not see. Cloud tells nobody whether there is such an issue; Data Center
// does: "Issue Does Not Exist" where there is none, and 403 where there is one.
func (j *Jira) unseen() *Error {
	if j.told == dc {
		return refuse(http.StatusForbidden, "You do not have the permission to see the specified issue.")
	}
	return j.noIssue()
}

func (j *Jira) noIssue() *Error {
	if j.told == dc {
		return refuse(http.StatusNotFound, "Issue Does Not Exist")
	}
	return refuse(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
}

// setSecurity gives an issue a security level, or takes it off. Who does so is of the level.
func (j *Jira) setSecurity(actor string, r *record, p Project, raw json.RawMessage) ([]item, string) {
	if !j.may(actor, p, setIssueSecurity) || len(p.Levels) == 0 {
		return nil, "Field 'security' cannot be set. It is not on the appropriate screen, or unknown."
	}
	var to ref
	if !isNull(raw) && json.Unmarshal(raw, &to) != nil {
		return nil, "data was not an object"
	}
	var l Level
	if to.any() != "" {
		var ok bool
		if l, ok = p.level(to.any()); !ok || !slices.Contains(l.Members, actor) {
			return nil, "The security level selected is invalid."
		}
	}
	old, _ := p.level(r.Security)
	r.Security = l.ID
	return changed("security", old.ID, old.Name, l.ID, l.Name), ""
}

// securityLevels are those of a project that the caller may give.
func (j *Jira) securityLevels(c *call) (int, any, *Error) {
	p, err := c.projectOf()
	if err != nil {
		return 0, nil, err
	}
	levels := []any{}
	for _, l := range p.Levels {
		if j.may(c.actor.AccountID, p, setIssueSecurity) && slices.Contains(l.Members, c.actor.AccountID) {
			levels = append(levels, c.draw().level(l))
		}
	}
	c.count(len(levels), 0)
	return http.StatusOK, object{"levels": levels}, nil
}

func (d renderer) level(l Level) object {
	return object{"self": d.self("/securitylevel/%s", l.ID), "id": l.ID, "name": l.Name, "description": l.Description}
}
