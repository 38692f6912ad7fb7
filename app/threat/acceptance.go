package threat

// Acceptance is a residual risk that somebody took on until a day. From that day's end, UTC, on, the threat is open again.
type Acceptance struct {
	Until   string   `json:"until"` // ISO 8601 date, the last day on which it holds
	Reason  string   `json:"reason"`
	Comment string   `json:"comment"`      // Jira's id of the comment that gave it
	At      Moment   `json:"at"`           // who approved it, and when; its Version is the page version that was accepted
	By      string   `json:"by,omitempty"` // the name of who that was, as Jira showed it
	Waived  []string `json:"waived,omitempty"`
}
