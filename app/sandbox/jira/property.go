package jira

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
)

func (j *Jira) listProperties(c *call) (int, any, *Error) {
	r, err := c.issue()
	if err != nil {
		return 0, nil, err
	}
	keys := []any{}
	for _, k := range slices.Sorted(maps.Keys(r.Properties)) {
		keys = append(keys, map[string]string{"key": k, "self": c.self("/issue/%s/properties/%s", decimal(r.ID), k)})
	}
	c.count(len(keys), 0)
	return http.StatusOK, map[string]any{"keys": keys}, nil
}

func (j *Jira) getProperty(c *call) (int, any, *Error) {
	r, err := c.issue()
	if err != nil {
		return 0, nil, err
	}
	key := c.r.PathValue("propertyKey")
	value, ok := r.Properties[key]
	if !ok {
		return 0, nil, noProperty(key)
	}
	c.count(1, 0)
	return http.StatusOK, map[string]any{"key": key, "value": value}, nil
}

func noProperty(key string) *Error {
	return refuse(http.StatusNotFound, "The property with key '%s' does not exist.", key)
}

func (j *Jira) putProperty(c *call) (int, any, *Error) {
	raw, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, 1<<20))
	if err != nil {
		return 0, nil, refuse(http.StatusBadRequest, "The property value is too long: it cannot exceed 32768 characters.")
	}
	key := c.r.PathValue("propertyKey")
	if wrong := checkProperty(key, raw); wrong != "" {
		return 0, nil, refuse(http.StatusBadRequest, "%s", wrong)
	}
	status := http.StatusOK
	// The value alone changes: neither the changelog nor the issue's updated time does.
	_, refused := j.alter(c.actor.AccountID, c.r.PathValue("issueIdOrKey"), func(r *record) ([]item, *Error) {
		if err := j.mayEdit(c.actor.AccountID, r); err != nil {
			return nil, err
		}
		if _, ok := r.Properties[key]; !ok {
			status = http.StatusCreated
		}
		if r.Properties == nil {
			r.Properties = map[string]json.RawMessage{}
		}
		r.Properties[key] = raw
		return nil, nil
	}, func(r *record, _ *change) { j.tellProperty("issue_property_set", c.actor.AccountID, r, key, raw) })
	return status, json.RawMessage(`{}`), refused
}

func (j *Jira) deleteProperty(c *call) (int, any, *Error) {
	key := c.r.PathValue("propertyKey")
	_, refused := j.alter(c.actor.AccountID, c.r.PathValue("issueIdOrKey"), func(r *record) ([]item, *Error) {
		if err := j.mayEdit(c.actor.AccountID, r); err != nil {
			return nil, err
		}
		if _, ok := r.Properties[key]; !ok {
			return nil, noProperty(key)
		}
		delete(r.Properties, key)
		return nil, nil
	}, func(r *record, _ *change) { j.tellProperty("issue_property_deleted", c.actor.AccountID, r, key, nil) })
	return http.StatusNoContent, nil, refused
}

func (j *Jira) mayEdit(actor string, r *record) *Error {
	if p, _ := j.project(r.Project); !j.may(actor, p, editIssues) {
		return refuse(http.StatusForbidden, "You do not have permission to edit issues in this project.")
	}
	return nil
}
