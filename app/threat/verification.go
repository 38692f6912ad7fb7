package threat

import "time"

// Verification is the evidence that a threat's mitigation works: who says so, on what, and for which version of the page.
type Verification struct {
	Note    string   `json:"note"`             // in the words of who verified
	Links   []Proof  `json:"links,omitempty"`  // what it rests on besides their word
	Comment string   `json:"comment"`          // Jira's id of the comment that gave it
	At      Moment   `json:"at"`               // who and when; its Version is the page version that was verified
	By      string   `json:"by,omitempty"`     // the name of who that was, as Jira showed it
	Waived  []string `json:"waived,omitempty"` // rules of the site's policy that were switched off for it: "four eyes"
}

// Proof is one thing that a verification points to.
type Proof struct {
	Kind string `json:"kind"` // "change", "run", "attachment", or "link" for what is none of these
	URL  string `json:"url"`

	// Of an attachment, as Jira told it when the verification was given; what becomes of the file later changes nothing here.
	Name string    `json:"name,omitempty"` // of the file
	By   string    `json:"by,omitempty"`   // account of who attached it
	At   time.Time `json:"at,omitzero"`    // UTC: when
	Size int       `json:"size,omitempty"` // bytes
}
