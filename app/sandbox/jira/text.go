package jira

import (
	"bytes"
	"encoding/json"
	"html/template"
	"strconv"

	"github.com/throughline/throughline/app/sandbox/adf"
)

// version is the version of the REST API that a call speaks: 2 with rich text as wiki markup, 3 as Atlassian documents.
type version int

const (
	v2 version = 2
	v3 version = 3
	dc version = -2 // v2 as Data Center speaks it: people have a key and a name, and no account id
)

// number is the version's number in paths.
func (v version) number() int {
	if v == dc {
		return int(v2)
	}
	return int(v)
}

// text is rich text as it was written: in one of the two formats. The other is derived when it is asked for.
type text struct {
	Markup string          `json:"wiki,omitzero"`
	ADF    json.RawMessage `json:"adf,omitzero"`
}

const maxText = 32767 // characters that Jira takes in one text field

// readText reads rich text as a call of the version sends it. Null is the empty text.
func readText(v version, raw json.RawMessage) (text, string) {
	if isNull(raw) {
		return text{}, ""
	}
	if v != v3 {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return text{}, "Operation value must be a string"
		}
		if len([]rune(s)) > maxText {
			return text{}, "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
		}
		return text{Markup: s}, ""
	}
	if _, err := adf.Parse(raw); err != nil {
		return text{}, "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
	}
	if len(raw) > 4*maxText {
		return text{}, "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
	}
	return text{ADF: bytes.Clone(raw)}, ""
}

func (t text) empty() bool { return t.Markup == "" && t.ADF == nil }

func (t text) wiki() string {
	if t.ADF == nil {
		return t.Markup
	}
	s, _ := adf.Wiki(t.ADF) // parsed when it was set
	return s
}

func (t text) adf() json.RawMessage {
	if t.ADF == nil {
		return adf.FromWiki(t.Markup)
	}
	return t.ADF
}

func (t text) html(name func(string) string) template.HTML {
	if t.empty() {
		return ""
	}
	return adf.HTML(t.adf(), name)
}

// render is the text as an answer of the version holds it: null when empty.
func (t text) render(v version) any {
	switch {
	case t.empty():
		return nil
	case v != v3:
		return t.wiki()
	default:
		return t.adf()
	}
}

func isNull(raw json.RawMessage) bool {
	s := bytes.TrimSpace(raw)
	return len(s) == 0 || string(s) == "null"
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
