package jira

import "encoding/json"

// The methods here are what a person does on the site's pages. Actor is an account id. They do what the REST calls do: they check
// permissions and the workflow, write the changelog and tell the listeners; errors are of type *Error.

// Create makes an issue from fields as REST v2 takes them (rich text as wiki markup), and returns its key.
func (j *Jira) Create(actor string, fields map[string]any) (key string, err error) {
	raw, err := rawFields(fields)
	if err != nil {
		return "", err
	}
	r, refused := j.create(actor, v2, issueUpdate{Fields: raw})
	if refused != nil {
		return "", refused
	}
	return r.Key, nil
}

// Transition moves an issue through its workflow. Resolution is the name or id of one, needed where the transition asks for it.
func (j *Jira) Transition(actor, ref, transitionID, resolution string) error {
	u := issueUpdate{Transition: &struct {
		ID string `json:"id"`
	}{transitionID}}
	if resolution != "" {
		u.Fields, _ = rawFields(map[string]any{"resolution": map[string]string{"name": resolution}})
	}
	if err := j.transition(actor, v2, ref, u); err != nil {
		return err
	}
	return nil
}

// Assign gives an issue to somebody; the empty account id takes it from everybody.
func (j *Jira) Assign(actor, ref, accountID string) error {
	if _, err := j.assign(actor, ref, accountID); err != nil {
		return err
	}
	return nil
}

// Edit sets fields as REST v2 takes them: {"summary": "…", "description": "wiki markup", "labels": [...], "duedate": "…"}.
func (j *Jira) Edit(actor, ref string, fields map[string]any) error {
	raw, err := rawFields(fields)
	if err != nil {
		return err
	}
	if _, refused := j.edit(actor, v2, ref, issueUpdate{Fields: raw}); refused != nil {
		return refused
	}
	return nil
}

// Comment adds a comment in wiki markup.
func (j *Jira) Comment(actor, ref, wiki string) error {
	body, err := json.Marshal(wiki)
	if err != nil {
		return err
	}
	if _, refused := j.addComment(actor, v2, ref, commentInput{Body: body}); refused != nil {
		return refused
	}
	return nil
}

// EditComment changes a comment to other wiki markup.
func (j *Jira) EditComment(actor, ref, id, wiki string) error {
	body, err := json.Marshal(wiki)
	if err != nil {
		return err
	}
	if _, refused := j.changeComment(actor, v2, ref, id, &commentInput{Body: body}); refused != nil {
		return refused
	}
	return nil
}

// DeleteComment removes a comment.
func (j *Jira) DeleteComment(actor, ref, id string) error {
	if _, refused := j.changeComment(actor, v2, ref, id, nil); refused != nil {
		return refused
	}
	return nil
}

// Attach adds a file to an issue.
func (j *Jira) Attach(actor, ref, name string, content []byte) error {
	f, refused := newUpload(name, "", content)
	if refused == nil {
		_, refused = j.attach(actor, ref, []upload{f})
	}
	if refused != nil {
		return refused
	}
	return nil
}

// Detach deletes a file, by its id.
func (j *Jira) Detach(actor, id string) error {
	if err := j.detach(actor, id); err != nil {
		return err
	}
	return nil
}

// Move brings an issue into another project, by its key.
func (j *Jira) Move(actor, ref, project string) error {
	if err := j.moveTo(actor, ref, project); err != nil {
		return err
	}
	return nil
}

// Delete removes an issue.
func (j *Jira) Delete(actor, ref string) error {
	if err := j.remove(actor, ref); err != nil {
		return err
	}
	return nil
}

func rawFields(fields map[string]any) (map[string]json.RawMessage, error) {
	out := make(map[string]json.RawMessage, len(fields))
	for k, v := range fields {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		out[k] = b
	}
	return out, nil
}
