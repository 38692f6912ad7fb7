package jira

import "slices"

// Transition is a step that the workflow allows.
type Transition struct {
	ID, Name string
	To       Status
	Required []string // fields that must be sent with it
}

type step struct {
	id, name, to string
	from         []string
	required     []string
}

// workflow is the one that every project has: To Do → In Progress → In Review → Done, one step back from each, a way to decline
// that asks for a resolution, and a way to reopen.
func workflow() []step {
	return []step{
		{"11", "Start progress", inProgress, []string{toDo}, nil},
		{"12", "Stop progress", toDo, []string{inProgress}, nil},
		{"21", "Send to review", inReview, []string{inProgress}, nil},
		{"22", "Request changes", inProgress, []string{inReview}, nil},
		{"31", "Approve", done, []string{inReview}, nil},
		{"41", "Reopen", toDo, []string{done}, nil},
		{"51", "Decline", done, []string{toDo, inProgress, inReview}, []string{"resolution"}},
	}
}

// transitions are the steps that lead out of a status.
func transitions(status string) []Transition {
	var out []Transition
	for _, s := range workflow() {
		if slices.Contains(s.from, status) {
			to, _ := findStatus(s.to)
			out = append(out, Transition{ID: s.id, Name: s.name, To: to, Required: s.required})
		}
	}
	return out
}
