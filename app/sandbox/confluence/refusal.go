package confluence

import (
	"errors"
	"fmt"
	"net/http"
)

// Refusal is why Confluence will not do what was asked, with the HTTP status it says so by.
type Refusal struct {
	Status int
	Title  string // one sentence
	Detail string // may be empty
}

func (r *Refusal) Error() string {
	if r.Detail == "" {
		return r.Title
	}
	return r.Title + ": " + r.Detail
}

func refuse(status int, format string, args ...any) *Refusal {
	return &Refusal{Status: status, Title: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *Refusal {
	return refuse(http.StatusBadRequest, format, args...)
}

func notFound(what, id string) *Refusal {
	return &Refusal{Status: http.StatusNotFound, Title: "Not Found", Detail: fmt.Sprintf("No %s with id %s, or you may not see it.", what, id)}
}

func forbidden(what string) *Refusal {
	return &Refusal{Status: http.StatusForbidden, Title: "Forbidden", Detail: "You may not change this " + what + "."}
}

func stale(what string, current, given int) *Refusal {
	return refuse(http.StatusConflict,
		"Version must be incremented when updating a %s. Current Version: [%d]. Provided version: [%d]", what, current, given)
}

// asRefusal returns err as what to answer: a Refusal as it is, anything else as an error of the server that says nothing more.
func asRefusal(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	return &Refusal{Status: http.StatusInternalServerError, Title: "Internal Server Error", Detail: err.Error()}
}

// code is the v2 API's word for a status.
func (r *Refusal) code() string {
	switch r.Status {
	case http.StatusBadRequest:
		return "INVALID_REQUEST_PARAMETER"
	case http.StatusForbidden:
		return "FORBIDDEN"
	case http.StatusNotFound:
		return "NOT_FOUND"
	case http.StatusConflict:
		return "CONFLICT"
	case http.StatusRequestEntityTooLarge:
		return "PAYLOAD_TOO_LARGE"
	case http.StatusUnsupportedMediaType:
		return "UNSUPPORTED_MEDIA_TYPE"
	case http.StatusMethodNotAllowed:
		return "METHOD_NOT_ALLOWED"
	}
	return "INTERNAL_SERVER_ERROR"
}

// exception is the Java class whose name the v1 API puts before its messages, which clients have come to match on.
func (r *Refusal) exception() string {
	const in = "com.atlassian.confluence.api.service.exceptions."
	switch r.Status {
	case http.StatusBadRequest:
		return in + "api.BadRequestException"
	case http.StatusForbidden:
		return in + "PermissionException"
	case http.StatusNotFound:
		return in + "api.NotFoundException"
	case http.StatusConflict:
		return in + "api.ConflictException"
	}
	return in + "InternalServerException"
}
