package outbound

import (
	"net/http"
	"strings"
)

// named are the segments whose successor is a name somebody chose, and not part of the endpoint.
const named = " properties project component user label "

// template replaces what differs from call to call in a path, so that limits and metrics have one entry an endpoint:
// "/rest/api/2/issue/SEC-12/remotelink" becomes "/rest/api/2/issue/{id}/remotelink".
func template(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		switch {
		case s == "":
		case i >= 3 && segments[i-1] == "api": // the API's version stays
		case i > 0 && segments[i-1] != "" && strings.Contains(named, " "+segments[i-1]+" ") && s != "search" && s != "assignable":
			segments[i] = "{name}"
		case variable(s):
			segments[i] = "{id}"
		}
	}
	return strings.Join(segments, "/")
}

// variable reports whether a segment is an id or key: it has a digit (versions "v2" excepted), or a character that no segment
// of an endpoint has.
func variable(s string) bool {
	if len(s) == 2 && s[0] == 'v' && s[1] >= '0' && s[1] <= '9' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return true
		}
	}
	return len(s) > 40
}

// finds reports whether an endpoint's answer is a list, whose objects are paid for when they are known.
func finds(template string) bool {
	return strings.Contains(template, "search") || strings.HasSuffix(template, "/bulkfetch")
}

// searches reports whether an endpoint finds issues or pages, by the hundred.
func searches(template string) bool {
	return strings.HasSuffix(template, "/search/jql") || strings.HasSuffix(template, "/bulkfetch") ||
		strings.HasSuffix(template, "/search") && !strings.Contains(template, "/user/")
}

// writes reports whether a call changes anything. Searches by POST do not.
func writes(method, template string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return !finds(template)
}

// writtenIssue is the id or key of the issue that a request writes to; empty for reads and for anything else.
func writtenIssue(req *http.Request) string {
	if req.Method == http.MethodGet || req.Method == http.MethodHead {
		return ""
	}
	_, rest, ok := strings.Cut(req.URL.Path, "/issue/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	if !variable(id) { // "bulk"
		return ""
	}
	return id
}
