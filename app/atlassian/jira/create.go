package jira

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// MaxBulk is how many issues Jira creates in one call.
const MaxBulk = 50

// Draft is an issue to be created. Empty fields are not sent.
type Draft struct {
	Project     string // key
	IssueType   string // name, for people to read
	IssueTypeID string // Jira looks a name up over all of the site, and several projects may have types of one name
	Summary     string // see Summary for its limits
	Description string // wiki markup; foreign text in it goes through Escape
	Labels      []string
	Component   string         // name
	Priority    string         // name
	Due         string         // ISO 8601 date
	Assignee    string         // account
	Parent      string         // key of the issue that it belongs to
	Fields      map[string]any // further fields by id, as Client.Encode writes them
	Properties  map[string]any // issue properties by key, set in the same step as the issue
}

// Created is what became of one draft: an issue, or the reason why not.
type Created struct {
	ID  string
	Key string
	URL string // for people
	Err error  // see Fields for what it says of single fields; fault.Invalid, Denied or NotFound
}

type nameRef struct {
	Name string `json:"name"`
}

type idRef struct {
	ID string `json:"id"`
}

type keyRef struct {
	Key string `json:"key"`
}

type wireDraft struct {
	Fields     map[string]any `json:"fields"`
	Properties []wireProperty `json:"properties,omitempty"`
}

type wireProperty struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

func (d Draft) wire(e edition) wireDraft {
	w := wireDraft{Fields: map[string]any{}}
	maps.Copy(w.Fields, d.Fields) // first: what Throughline itself says of an issue no field of that kind replaces
	set := func(field string, value any, there bool) {
		if there {
			w.Fields[field] = value
		}
	}
	set("project", keyRef{d.Project}, true)
	set("issuetype", nameRef{d.IssueType}, d.IssueTypeID == "")
	set("issuetype", idRef{d.IssueTypeID}, d.IssueTypeID != "")
	set("summary", d.Summary, true)
	set("description", d.Description, d.Description != "")
	set("labels", d.Labels, len(d.Labels) > 0)
	set("components", []nameRef{{d.Component}}, d.Component != "")
	set("priority", nameRef{d.Priority}, d.Priority != "")
	set("duedate", d.Due, d.Due != "")
	set("assignee", e.person(d.Assignee), d.Assignee != "")
	set("parent", keyRef{d.Parent}, d.Parent != "")
	for key, value := range d.Properties {
		w.Properties = append(w.Properties, wireProperty{key, value})
	}
	slices.SortFunc(w.Properties, func(a, b wireProperty) int { return bytes.Compare([]byte(a.Key), []byte(b.Key)) })
	return w
}

// wireCreated is Jira's answer to a bulk create, also where every draft was refused.
type wireCreated struct {
	Issues []struct {
		ID  string `json:"id"`
		Key string `json:"key"`
	} `json:"issues"`
	Errors []struct {
		Status   int `json:"status"`
		Elements struct {
			Messages []string          `json:"errorMessages"`
			Fields   map[string]string `json:"errors"`
		} `json:"elementErrors"`
		Failed int `json:"failedElementNumber"`
	} `json:"errors"`
}

// Create creates up to MaxBulk issues in one call and returns what became of each draft, in their order. The error is about the
// call as a whole, and then there are no results: fault.Uncertain means that some issues, or all, may exist.
func (c *Client) Create(ctx context.Context, drafts []Draft) ([]Created, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	if len(drafts) > MaxBulk {
		return nil, fault.New(fault.Invalid, "jira: %d issues are too many for one call; create at most %d", len(drafts), MaxBulk)
	}
	in := struct {
		Issues []wireDraft `json:"issueUpdates"`
	}{}
	for _, d := range drafts {
		in.Issues = append(in.Issues, d.wire(c.edition))
	}
	req, err := c.api.NewRequestWithContext(ctx, http.MethodPost, "rest/api/2/issue/bulk", in)
	if err != nil {
		return nil, fault.As(fault.Invalid, err, "jira: create %d issues", len(drafts))
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.api.Do(req, nil)
	if resp == nil {
		return nil, fault.Wrap(err, "jira: create %d issues", len(drafts))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fault.Wrap(outbound.Unread(resp.Response, err), "jira: create %d issues", len(drafts))
	}
	var answer wireCreated
	bad := json.Unmarshal(body, &answer)
	// 400 with a list of errors means that every draft was looked at and refused. Any other answer but 2xx is about the call.
	if resp.StatusCode/100 != 2 && (resp.StatusCode != http.StatusBadRequest || bad != nil || len(answer.Errors) == 0) {
		resp.Body = io.NopCloser(bytes.NewReader(body))
		return nil, fault.Wrap(outbound.Check(resp.Response), "jira: create %d issues", len(drafts))
	}
	if bad != nil {
		return nil, fault.Wrap(outbound.Unread(resp.Response, bad), "jira: create %d issues", len(drafts))
	}
	return c.sort(drafts, answer)
}

// sort gives each draft its result. Jira lists the created ones in the drafts' order, without those that failed.
func (c *Client) sort(drafts []Draft, answer wireCreated) ([]Created, error) {
	out := make([]Created, len(drafts))
	for _, e := range answer.Errors {
		if e.Failed < 0 || e.Failed >= len(drafts) {
			return nil, fault.New(fault.Uncertain, "jira: create %d issues: the answer speaks of number %d", len(drafts), e.Failed)
		}
		refusal := outbound.NewRefusal(e.Status, e.Elements.Messages, e.Elements.Fields)
		out[e.Failed].Err = fault.As(refusalKind(e.Status), refusal, "jira: create %s in %s", drafts[e.Failed].IssueType, drafts[e.Failed].Project)
	}
	issues := answer.Issues
	for i := range out {
		switch {
		case out[i].Err != nil:
		case len(issues) == 0:
			return nil, fault.New(fault.Uncertain, "jira: create %d issues: the answer has %d issues and %d errors", len(drafts), len(answer.Issues), len(answer.Errors))
		default:
			out[i].ID, out[i].Key, out[i].URL = issues[0].ID, issues[0].Key, c.URL(issues[0].Key)
			issues = issues[1:]
		}
	}
	if len(issues) > 0 {
		return nil, fault.New(fault.Uncertain, "jira: create %d issues: the answer has %d issues and %d errors", len(drafts), len(answer.Issues), len(answer.Errors))
	}
	return out, nil
}

func refusalKind(status int) fault.Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.Denied
	case http.StatusNotFound:
		return fault.NotFound
	}
	return fault.Invalid
}
