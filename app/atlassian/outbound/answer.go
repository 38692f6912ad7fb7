package outbound

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/throughline/throughline/app/fault"
)

// Refusal is what Atlassian said when it did not do what it was asked. Its texts are shortened, and free of control characters.
type Refusal struct {
	Status   int
	Messages []string
	Fields   map[string]string // by the field's id: what is wrong with it; nil when no field was named
}

// Error is the refusal on one line.
func (r *Refusal) Error() string {
	parts := slices.Clone(r.Messages)
	for _, field := range slices.Sorted(maps.Keys(r.Fields)) {
		parts = append(parts, field+": "+r.Fields[field])
	}
	text := strconv.Itoa(r.Status) + " " + http.StatusText(r.Status)
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, "; ")
	}
	return clean(text, 500)
}

// Check returns nil for a response of 2xx. For any other it reads and closes the body, and returns a fault with a *Refusal
// below it: 400 and most of 4xx Invalid, 401 Unverified, 403 Denied, 404 NotFound, 409 and 412 Conflict, 410 Gone,
// 423, 425 and 429 Busy with the wait asked for; 408 and 5xx Busy where the request may be repeated and Uncertain where not.
func Check(resp *http.Response) error {
	if resp.StatusCode/100 == 2 {
		return nil
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // half an explanation is better than none
	refusal := explain(resp.StatusCode, body)
	if resp.StatusCode/100 == 3 {
		refusal.Messages = []string{"the site sent the call elsewhere, which is not followed; check the installation's base URL"}
	}
	e := &fault.Error{Kind: kind(resp), Text: what(resp.Request), Err: refusal}
	if e.Kind == fault.Busy {
		e.After = retryAfter(resp.Header, time.Now())
	}
	return e
}

// Unread is the error of a response of 2xx whose body could not be read or understood: Busy where the request may be repeated, or
// what the cause says; Uncertain where not, for a write has probably happened.
func Unread(resp *http.Response, cause error) error {
	k := fault.Busy
	var known *fault.Error
	switch {
	case resp.Request != nil && !repeatable(resp.Request):
		k = fault.Uncertain
	case errors.As(cause, &known):
		k = known.Kind
	}
	return fault.As(k, cause, "%s: the answer could not be read", what(resp.Request))
}

func kind(resp *http.Response) fault.Kind {
	switch code := resp.StatusCode; code {
	case http.StatusUnauthorized:
		return fault.Unverified
	case http.StatusForbidden:
		return fault.Denied
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return fault.Conflict
	case http.StatusGone:
		return fault.Gone
	case http.StatusTooManyRequests, http.StatusTooEarly, http.StatusLocked:
		return fault.Busy
	default:
		if code < 500 && code != http.StatusRequestTimeout {
			return fault.Invalid
		}
		if resp.Request != nil && !repeatable(resp.Request) {
			return fault.Uncertain
		}
		return fault.Busy
	}
}

func what(req *http.Request) string {
	if req == nil || req.URL == nil {
		return "call to Atlassian"
	}
	return req.Method + " " + req.URL.Path
}

// explain reads the error shapes of both products: Jira's {errorMessages, errors: {field: text}}, Confluence v2's
// {errors: [{title, detail}]} and v1's {message}.
func explain(status int, body []byte) *Refusal {
	r := &Refusal{Status: status}
	var shape struct {
		ErrorMessages []string        `json:"errorMessages"`
		Errors        json.RawMessage `json:"errors"`
		Message       string          `json:"message"`
	}
	if json.Unmarshal(body, &shape) != nil {
		return r
	}
	for _, m := range shape.ErrorMessages {
		r.add(m)
	}
	r.add(shape.Message)
	var fields map[string]string
	if json.Unmarshal(shape.Errors, &fields) == nil {
		r.Fields = cleanFields(fields)
	}
	var list []struct{ Title, Detail string }
	if json.Unmarshal(shape.Errors, &list) == nil {
		for _, e := range list {
			r.add(strings.TrimSpace(e.Title + " " + e.Detail))
		}
	}
	return r
}

// add keeps a few messages.
func (r *Refusal) add(message string) {
	if message = clean(message, 200); message != "" && len(r.Messages) < 5 {
		r.Messages = append(r.Messages, message)
	}
}

// NewRefusal makes a refusal from the parts of an answer that holds several of them, such as that of a bulk create.
func NewRefusal(status int, messages []string, fields map[string]string) *Refusal {
	r := &Refusal{Status: status, Fields: cleanFields(fields)}
	for _, m := range messages {
		r.add(m)
	}
	return r
}

func cleanFields(fields map[string]string) map[string]string {
	var out map[string]string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if out == nil {
			out = map[string]string{}
		}
		if len(out) < 20 {
			out[clean(name, 60)] = clean(fields[name], 200)
		}
	}
	return out
}

// clean makes foreign text fit for a log line: one line, no control characters, at most so many characters.
func clean(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most-1]) + "…"
	}
	return text
}
