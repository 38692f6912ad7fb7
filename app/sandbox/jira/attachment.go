package jira

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// attachment is a file of an issue. Its content never changes and is kept apart, so that no change of an issue writes it again.
type attachment struct {
	ID      int64     `json:"id"`
	Author  string    `json:"author"`
	Name    string    `json:"filename"`
	Type    string    `json:"mimeType"`
	Size    int       `json:"size"`
	Created time.Time `json:"created"`
}

// upload is a file on its way to an issue.
type upload struct {
	name, kind string
	content    []byte
}

const (
	maxAttachment  = 10 << 20 // bytes of one file
	maxAttachments = 60       // files of one call
)

// attach adds files to an issue: one entry of its history, with an item for each.
func (j *Jira) attach(actor, ref string, files []upload) ([]attachment, *Error) {
	var made []attachment
	_, err := j.alter(actor, ref, func(r *record) ([]item, *Error) {
		if p, _ := j.project(r.Project); !j.may(actor, p, createAttachments) {
			return nil, refuse(http.StatusForbidden, "You do not have permission to create attachments for this issue.")
		}
		var items []item
		for _, f := range files {
			a := attachment{ID: j.id(), Author: actor, Name: f.name, Type: f.kind, Size: len(f.content), Created: j.site.Now()}
			if err := j.keepContent(a.ID, f.content); err != nil {
				return nil, refuse(http.StatusInternalServerError, "%v", err)
			}
			made = append(made, a)
			items = append(items, renamed(changed("attachment", "", "", decimal(a.ID), a.Name), "Attachment")...)
		}
		r.Attachments = append(r.Attachments, made...)
		return items, nil
	}, j.tellChange(actor, "issue_updated"))
	return made, err
}

// detach deletes a file: its author may, and the administrator.
func (j *Jira) detach(actor, id string) *Error {
	owner, _, err := j.attached(actor, id)
	if err != nil {
		return err
	}
	_, err = j.alter(actor, decimal(owner.ID), func(r *record) ([]item, *Error) {
		i := slices.IndexFunc(r.Attachments, func(a attachment) bool { return decimal(a.ID) == id })
		if i < 0 {
			return nil, noAttachment(id)
		}
		a := r.Attachments[i]
		if p, _ := j.project(r.Project); a.Author != actor && !j.may(actor, p, administer) {
			return nil, refuse(http.StatusForbidden, "You do not have permission to delete attachment with id: %s", id)
		}
		r.Attachments = slices.Delete(r.Attachments, i, i+1)
		if err := j.keepContent(a.ID, nil); err != nil {
			return nil, refuse(http.StatusInternalServerError, "%v", err)
		}
		return renamed(changed("attachment", decimal(a.ID), a.Name, "", ""), "Attachment"), nil
	}, j.tellChange(actor, "issue_updated"))
	return err
}

// keepContent keeps a file's content; nil takes it away. The caller holds the lock.
func (j *Jira) keepContent(id int64, content []byte) error {
	if content == nil {
		delete(j.files, id)
	} else {
		j.files[id] = content
	}
	return j.site.Keep("attachment-"+decimal(id), content)
}

func (j *Jira) content(id int64) ([]byte, error) {
	j.mu.RLock()
	content, ok := j.files[id]
	j.mu.RUnlock()
	if ok {
		return content, nil
	}
	if found, err := j.site.Load("attachment-"+decimal(id), &content); err != nil || !found {
		return nil, fmt.Errorf("the content of attachment %d is not there: %w", id, cmp.Or(err, io.ErrUnexpectedEOF))
	}
	return content, nil
}

// attached finds a file and the issue that it belongs to, as far as an account sees that.
func (j *Jira) attached(account, id string) (*record, attachment, *Error) {
	for _, r := range j.all() {
		for _, a := range r.Attachments {
			if decimal(a.ID) == id && j.sees(account, r) {
				return r, a, nil
			}
		}
	}
	return nil, attachment{}, noAttachment(id)
}

func noAttachment(id string) *Error {
	return refuse(http.StatusNotFound, "The attachment with id '%s' does not exist", id)
}

func (j *Jira) postAttachments(c *call) (int, any, *Error) {
	if c.r.Header.Get("X-Atlassian-Token") != "no-check" {
		return 0, nil, refuse(http.StatusForbidden, "XSRF check failed")
	}
	files, err := c.uploads()
	if err != nil {
		return 0, nil, err
	}
	made, err := j.attach(c.actor.AccountID, c.r.PathValue("issueIdOrKey"), files)
	if err != nil {
		return 0, nil, err
	}
	out := make([]any, len(made))
	for i, a := range made {
		out[i] = c.draw().attachment(a)
	}
	return http.StatusOK, out, nil
}

// uploads reads the files of a form: the parts called file, as other parts are passed over.
func (c *call) uploads() ([]upload, *Error) {
	parts, err := c.r.MultipartReader()
	if err != nil {
		return nil, refuse(http.StatusUnsupportedMediaType, "Unsupported Media Type: send multipart/form-data.")
	}
	var out []upload
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "The form cannot be read: %v", err)
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		f, refused := readUpload(part)
		if refused != nil {
			return nil, refused
		}
		if out = append(out, f); len(out) > maxAttachments {
			return nil, refuse(http.StatusRequestEntityTooLarge, "No more than %d files can be attached at once.", maxAttachments)
		}
	}
	if len(out) == 0 {
		return nil, refuse(http.StatusBadRequest, "No file was sent: the part that holds it must be called file.")
	}
	return out, nil
}

func readUpload(part *multipart.Part) (upload, *Error) {
	content, err := io.ReadAll(io.LimitReader(part, maxAttachment+1))
	if err != nil {
		return upload{}, refuse(http.StatusBadRequest, "The form cannot be read: %v", err)
	}
	return newUpload(part.FileName(), part.Header.Get("Content-Type"), content)
}

// newUpload checks a file. What it is, where that is not said, its name tells.
func newUpload(name, kind string, content []byte) (upload, *Error) {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	switch {
	case strings.TrimFunc(name, unicode.IsSpace) == "" || name == "." || name == "/" || len(name) > 255 || strings.ContainsFunc(name, unicode.IsControl):
		return upload{}, refuse(http.StatusBadRequest, "The file has no name that can be used.")
	case len(content) > maxAttachment:
		return upload{}, refuse(http.StatusRequestEntityTooLarge, "The file %s is larger than %d bytes.", name, maxAttachment)
	}
	if content == nil {
		content = []byte{}
	}
	return upload{name, cmp.Or(kind, mime.TypeByExtension(path.Ext(name)), "application/octet-stream"), content}, nil
}

func (j *Jira) getAttachment(c *call) (int, any, *Error) {
	_, a, err := j.attached(c.actor.AccountID, c.r.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}
	out := c.draw().attachment(a)
	out["id"] = a.ID // a number here, and text in issues
	c.count(1, 0)
	return http.StatusOK, out, nil
}

// getContent leads to where the content is, as Cloud does, or gives it where the call asks for no redirect.
func (j *Jira) getContent(c *call) (int, any, *Error) {
	_, a, err := j.attached(c.actor.AccountID, c.r.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}
	c.count(1, 0)
	if redirect, err := strconv.ParseBool(c.query("redirect")); err != nil || redirect {
		c.w.Header().Set("Location", downloadURL(j.site.BaseURL(), a))
		return http.StatusSeeOther, nil, nil
	}
	content, failed := j.content(a.ID)
	if failed != nil {
		return 0, nil, refuse(http.StatusNotFound, "%v", failed)
	}
	return http.StatusOK, file{a.Type, content}, nil
}

func (j *Jira) deleteAttachment(c *call) (int, any, *Error) {
	return http.StatusNoContent, nil, j.detach(c.actor.AccountID, c.r.PathValue("id"))
}

// downloadURL is where people fetch a file.
func downloadURL(base string, a attachment) string {
	return base + "/secure/attachment/" + decimal(a.ID) + "/" + url.PathEscape(a.Name)
}

func (d renderer) attachment(a attachment) object {
	content := d.self("/attachment/content/%d", a.ID)
	if d.v == dc { // which has no such call
		content = downloadURL(d.j.site.BaseURL(), a)
	}
	return object{
		"self": d.self("/attachment/%d", a.ID), "id": decimal(a.ID), "filename": a.Name, "author": d.user(a.Author),
		"created": stamp(a.Created), "size": a.Size, "mimeType": a.Type, "content": content,
	}
}
