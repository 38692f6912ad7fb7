package view

import (
	"errors"
	"net/http"

	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/jira"
)

// failure shows an error as a page.
func (v *View) failure(err error) *answer {
	status := http.StatusInternalServerError
	var refused *confluence.Refusal
	var declined *jira.Error
	switch {
	case errors.As(err, &refused):
		status = refused.Status
	case errors.As(err, &declined):
		status = declined.Status
	}
	title := http.StatusText(status)
	switch {
	case status == http.StatusNotFound:
		title = "Not found"
	case status < http.StatusInternalServerError:
		title = "That did not work"
	}
	a := show("error", title, "", struct{ Title, Text string }{title, err.Error()})
	a.status = status
	return a
}

func missing(text string) error {
	return &confluence.Refusal{Status: http.StatusNotFound, Title: text}
}

func (v *View) nothing(r *http.Request) (*answer, error) {
	return nil, missing("There is nothing at " + r.URL.Path + ".")
}
