package site

import (
	"context"
	"slices"
)

type scopeKey struct{}

// WithScopes limits a request to what an app's descriptor asked for: READ, WRITE, DELETE …
func WithScopes(ctx context.Context, scopes []string) context.Context {
	return context.WithValue(ctx, scopeKey{}, scopes)
}

// Allowed reports whether the request may do what needs the scope. A request without limits, such as a person's, may; a wider
// scope holds the narrower: DELETE holds WRITE, and WRITE holds READ, as Connect's scopes do.
func Allowed(ctx context.Context, scope string) bool {
	scopes, limited := ctx.Value(scopeKey{}).([]string)
	if !limited {
		return true
	}
	wider := []string{scope}
	switch scope {
	case "READ":
		wider = []string{"READ", "WRITE", "DELETE", "PROJECT_ADMIN", "SPACE_ADMIN", "ADMIN"}
	case "WRITE":
		wider = []string{"WRITE", "DELETE", "PROJECT_ADMIN", "SPACE_ADMIN", "ADMIN"}
	case "DELETE":
		wider = []string{"DELETE", "PROJECT_ADMIN", "SPACE_ADMIN", "ADMIN"}
	}
	return slices.ContainsFunc(wider, func(s string) bool { return slices.Contains(scopes, s) })
}
