package jira

import (
	"slices"
	"strconv"
)

// Transition is a step that the workflow allows.
type Transition struct {
	ID, Name string
	To       Status
	Required []string // fields that must be sent with it
	Global   bool     // it leads there from everywhere
}

// step is a transition of a workflow; without from it is one from every other status.
type step struct {
	id, name, to string
	from         []string
	required     []string
}

// workflow is that of most projects: To Do → In Progress → In Review → Done, one step back from each, a way to decline that asks
// for a resolution, and a way to reopen.
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

// germanWorkflow is the same in German.
func germanWorkflow() []step {
	return []step{
		{"11", "Arbeit beginnen", "10101", []string{"10100"}, nil},
		{"12", "Arbeit anhalten", "10100", []string{"10101"}, nil},
		{"21", "Zur Prüfung", "10102", []string{"10101"}, nil},
		{"22", "Nachbessern", "10101", []string{"10102"}, nil},
		{"31", "Abnehmen", "10103", []string{"10102"}, nil},
		{"41", "Wieder öffnen", "10100", []string{"10103"}, nil},
		{"51", "Ablehnen", "10103", []string{"10100", "10101", "10102"}, []string{"resolution"}},
	}
}

// anyToAny leads from each status to each other, as simplified workflows do.
func anyToAny(statuses []string) []step {
	out := make([]step, len(statuses))
	for i, id := range statuses {
		s, _ := findStatus(id)
		out[i] = step{id: strconv.Itoa(11 + 10*i), name: s.Name, to: id}
	}
	return out
}

// transitions are the steps that lead out of a status.
func (p Project) transitions(status string) []Transition {
	var out []Transition
	for _, s := range p.flow {
		global := len(s.from) == 0
		if slices.Contains(s.from, status) || global && s.to != status {
			to, _ := findStatus(s.to)
			out = append(out, Transition{ID: s.id, Name: s.name, To: to, Required: s.required, Global: global})
		}
	}
	return out
}
