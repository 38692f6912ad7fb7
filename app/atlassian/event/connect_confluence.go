package event

import (
	"cmp"
	"strconv"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// pageEvents are the events of Confluence that concern pages.
var pageEvents = map[string]effect{
	"page_created":    changed,
	"page_updated":    changed,
	"page_moved":      changed,
	"page_restored":   changed,
	"page_unarchived": changed,
	"page_trashed":    vanished,
	"page_removed":    vanished,
	"page_archived":   vanished,
	"label_added":     changed, // a page becomes a design page by its labels, or ceases to be one
	"label_removed":   changed,
}

// confluencePage is the part of a page in a payload that is used.
type confluencePage struct {
	ID           id     `json:"id"`
	SpaceKey     string `json:"spaceKey"`
	Version      int    `json:"version"`
	ContentType  string `json:"contentType"`
	LastModifier string `json:"lastModifierAccountId"`
	ModifierKey  string `json:"lastModifierKey"` // Data Center
}

// confluence decodes page and label events. A label's payload holds the page under a name of its own. Data Center says of a page its id
// alone, unless an administrator has it say more: then the page is read whatever its version, and looks whether it is a page. Who
// did it is told by the user key there, as pages mention people.
func confluence(e Event) (work.Delivery, error) {
	var w struct {
		By        string         `json:"userAccountId"`
		ByKey     string         `json:"userKey"` // Data Center
		Timestamp millis         `json:"timestamp"`
		Page      confluencePage `json:"page"`
		Labeled   confluencePage `json:"labeled"`
		Content   confluencePage `json:"content"`
		Label     struct {
			Name string `json:"name"`
		} `json:"label"`
	}
	if err := decode(e.Body, &w); err != nil {
		return work.Delivery{}, fault.As(fault.Invalid, err, "confluence event %s", e.Name)
	}
	page := w.Page
	for _, other := range []confluencePage{w.Labeled, w.Content} {
		if page.ID == "" {
			page = other
		}
	}
	if !page.ID.valid() {
		return work.Delivery{}, fault.New(fault.Invalid, "confluence event %s names no page (id %q)", e.Name, short(string(page.ID)))
	}
	at := w.Timestamp.time()
	dated := !at.IsZero()
	if !dated {
		at = e.Seen.UTC()
	}
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	d := work.Delivery{
		Seen: e.Seen,
		Key:  key(tenant.Confluence, e.Name, e.Body, dated, string(page.ID), strconv.Itoa(page.Version), stamp, w.Label.Name),
	}
	if page.ContentType != "" && page.ContentType != "page" {
		return d, nil // a label of a blog post or an attachment
	}
	args := Page{
		ID: string(page.ID), Version: max(page.Version, 0), Space: page.SpaceKey, By: cmp.Or(w.By, w.ByKey, page.LastModifier, page.ModifierKey), At: at,
		Event: e.Name, Removed: pageEvents[e.Name] == vanished,
	}
	var err error
	d.Jobs, err = job(work.ReviewPage, args.ID, args, at, e.Seen)
	return d, err
}
