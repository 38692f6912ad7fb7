package jira

import (
	"fmt"
	"net/http"
	"strings"
)

// Error is a refusal in Atlassian's shape: {"errorMessages": [...], "errors": {field: text}} under an HTTP status.
type Error struct {
	Status   int               `json:"-"`
	Messages []string          `json:"errorMessages"`
	Fields   map[string]string `json:"errors"`
}

func (e *Error) Error() string {
	parts := append([]string{}, e.Messages...)
	for f, m := range e.Fields {
		parts = append(parts, f+": "+m)
	}
	return strings.Join(parts, "; ")
}

func refuse(status int, format string, args ...any) *Error {
	return &Error{Status: status, Messages: []string{fmt.Sprintf(format, args...)}, Fields: map[string]string{}}
}

func refuseField(field, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Messages: []string{}, Fields: map[string]string{field: fmt.Sprintf(format, args...)}}
}
