package event

import (
	"cmp"
	"encoding/json"
	"strconv"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// forgeEvents are the events of Forge triggers that concern pages and issues. A live document tells of itself by others than a
// page does: it is never "updated".
var forgeEvents = map[string]struct {
	product tenant.Product
	effect  effect
}{
	"avi:confluence:created:page":     {tenant.Confluence, changed},
	"avi:confluence:updated:page":     {tenant.Confluence, changed},
	"avi:confluence:moved:page":       {tenant.Confluence, changed},
	"avi:confluence:copied:page":      {tenant.Confluence, changed},
	"avi:confluence:restored:page":    {tenant.Confluence, changed},
	"avi:confluence:unarchived:page":  {tenant.Confluence, changed},
	"avi:confluence:initialized:page": {tenant.Confluence, changed},
	"avi:confluence:started:page":     {tenant.Confluence, changed},
	"avi:confluence:snapshotted:page": {tenant.Confluence, changed},
	"avi:confluence:published:page":   {tenant.Confluence, changed},
	"avi:confluence:trashed:page":     {tenant.Confluence, vanished},
	"avi:confluence:deleted:page":     {tenant.Confluence, vanished},
	"avi:confluence:archived:page":    {tenant.Confluence, vanished},
	"avi:jira:created:issue":          {tenant.Jira, changed},
	"avi:jira:updated:issue":          {tenant.Jira, changed},
	"avi:jira:assigned:issue":         {tenant.Jira, changed},
	"avi:jira:deleted:issue":          {tenant.Jira, vanished},
	"avi:jira:commented:issue":        {tenant.Jira, said},
	"avi:jira:deleted:comment":        {tenant.Jira, unsaid},
}

// ForgeEvent is one call of a Forge trigger whose sender is known.
type ForgeEvent struct {
	Installation string // by the token that came with it; part of the dedup key
	Seen         time.Time
	Body         []byte
}

// Envelope is what every Forge event says of itself. Atlassian's text shows the event below "payload", and remotes in the field
// get it at the root: both are read.
type Envelope struct {
	Type    string          // "avi:confluence:updated:page"; empty when the body names none
	Retry   int             // how often it was sent before
	Reason  string          // why it is sent again, in Atlassian's words
	payload json.RawMessage // the object that holds the event
}

// Open reads an event's envelope. fault.Invalid for what is no JSON object.
func Open(body []byte) (Envelope, error) {
	type retry struct {
		Count  int    `json:"retryCount"`
		Reason string `json:"retryReason"`
	}
	var w struct {
		Type    string `json:"eventType"`
		Retry   retry  `json:"retryContext"`
		Payload struct {
			Type  string `json:"eventType"`
			Retry retry  `json:"retryContext"`
		} `json:"payload"`
	}
	var raw struct {
		Payload json.RawMessage `json:"payload"`
	}
	if err := decode(body, &w); err != nil {
		return Envelope{}, fault.New(fault.Invalid, "a Forge event that is no JSON object")
	}
	if w.Type != "" || w.Payload.Type == "" {
		return Envelope{w.Type, w.Retry.Count, short(w.Retry.Reason), body}, nil
	}
	if err := decode(body, &raw); err != nil {
		return Envelope{}, fault.New(fault.Invalid, "a Forge event whose payload cannot be read")
	}
	return Envelope{
		w.Payload.Type, max(w.Retry.Count, w.Payload.Retry.Count), short(cmp.Or(w.Payload.Retry.Reason, w.Retry.Reason)), raw.Payload,
	}, nil
}

// Product is whose event it is; empty for one that is not known.
func (e Envelope) Product() tenant.Product { return forgeEvents[e.Type].product }

// Forge decodes an event of a Forge trigger, as Delivery does one of a webhook. Forge sends no id with an event, so that it is
// known again by what it tells of: the page's version, the issue's change.
func Forge(e ForgeEvent, env Envelope) (work.Delivery, error) {
	switch env.Product() {
	case tenant.Confluence:
		return forgePage(e, env)
	case tenant.Jira:
		return forgeIssue(e, env)
	}
	return work.Delivery{}, fault.New(fault.NotFound, "Forge event %q is none that is known", short(env.Type))
}

// account is a person, as an account id or as an object that holds it.
type account string

func (a *account) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*a = account(text)
		return nil
	}
	var object struct {
		AccountID string `json:"accountId"`
	}
	if json.Unmarshal(b, &object) == nil {
		*a = account(object.AccountID)
	}
	return nil
}

// forgeTime reads a time as text or in milliseconds; what is neither is the zero time.
type forgeTime time.Time

func (t *forgeTime) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*t = forgeTime(jiraTime(text))
	}
	if time.Time(*t).IsZero() {
		var m millis
		_ = m.UnmarshalJSON(b) // never fails
		*t = forgeTime(m)
	}
	return nil
}

func forgePage(e ForgeEvent, env Envelope) (work.Delivery, error) {
	var w struct {
		By      account   `json:"atlassianId"`
		At      forgeTime `json:"eventCreatedDate"`
		Content struct {
			ID      id     `json:"id"`
			Type    string `json:"type"`
			SubType string `json:"subType"`
			Space   struct {
				Key string `json:"key"`
			} `json:"space"`
			Version struct {
				By     account   `json:"by"`
				When   forgeTime `json:"when"`
				Number int       `json:"number"`
			} `json:"version"`
		} `json:"content"`
	}
	if err := decode(env.payload, &w); err != nil {
		return work.Delivery{}, fault.New(fault.Invalid, "Forge event %s cannot be read", env.Type)
	}
	c := w.Content
	if !c.ID.valid() {
		return work.Delivery{}, fault.New(fault.Invalid, "Forge event %s names no page (id %q)", env.Type, short(string(c.ID)))
	}
	at, dated := time.Time(w.At), true
	if at.IsZero() {
		at = time.Time(c.Version.When)
	}
	if at.IsZero() {
		at, dated = e.Seen.UTC(), false
	}
	// A page can be trashed, restored and trashed again in one version, so the version alone does not name the event.
	d := work.Delivery{Seen: e.Seen, Key: forgeKey(e, env, dated, string(c.ID), strconv.Itoa(c.Version.Number), strconv.FormatInt(at.UnixMilli(), 10))}
	if c.Type != "" && c.Type != "page" {
		return d, nil
	}
	args := Page{
		ID: string(c.ID), Version: max(c.Version.Number, 0), Space: c.Space.Key, By: string(cmp.Or(w.By, c.Version.By)), At: at,
		Event: env.Type, Removed: forgeEvents[env.Type].effect == vanished,
	}
	if c.SubType == "live" && !args.Removed {
		args.Version = 0 // a live document changes within a version: only its text tells
	}
	var err error
	d.Jobs, err = job(work.ReviewPage, args.ID, args, at, e.Seen)
	return d, err
}

func forgeIssue(e ForgeEvent, env Envelope) (work.Delivery, error) {
	var w jiraPayload
	var who struct {
		By account   `json:"atlassianId"`
		At forgeTime `json:"eventCreatedDate"`
	}
	if decode(env.payload, &w) != nil || decode(env.payload, &who) != nil {
		return work.Delivery{}, fault.New(fault.Invalid, "Forge event %s cannot be read", env.Type)
	}
	if effect := forgeEvents[env.Type].effect; effect == said || effect == unsaid {
		return w.forgeComment(e, env, time.Time(who.At), string(who.By))
	}
	if w.Issue == nil || !w.Issue.ID.valid() {
		return work.Delivery{}, fault.New(fault.Invalid, "Forge event %s names no issue", env.Type)
	}
	issue := w.issue(env.Type)
	issue.By, issue.Deleted = string(who.By), forgeEvents[env.Type].effect == vanished
	issue.At = issue.Updated
	for _, other := range []time.Time{time.Time(who.At), w.Timestamp.time()} {
		if !other.IsZero() {
			issue.At = other
		}
	}
	dated := !issue.At.IsZero()
	if !dated {
		issue.At = e.Seen.UTC()
	}
	if issue.Updated.IsZero() {
		issue.Updated = issue.At
	}
	d := work.Delivery{
		Seen: e.Seen,
		Key:  forgeKey(e, env, dated, issue.ID, string(w.Changelog.ID), strconv.FormatInt(issue.At.UnixMilli(), 10)),
	}
	w.follow(&issue)
	var err error
	d.Jobs, err = syncJob(issue, issue.At, e.Seen)
	return d, err
}

// forgeKey is the dedup key of an event. An undated one is known by its bytes: done twice when it is sent again, but never lost.
func forgeKey(e ForgeEvent, env Envelope, dated bool, parts ...string) string {
	return key(env.Product(), env.Type, env.payload, dated, append([]string{e.Installation}, parts...)...)
}
