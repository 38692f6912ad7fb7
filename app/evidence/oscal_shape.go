package evidence

// The parts of OSCAL's models that packs use, as NIST's JSON has them.
type (
	property struct {
		Name  string `json:"name"`
		NS    string `json:"ns,omitempty"`
		Value string `json:"value"`
	}
	link struct {
		Href string `json:"href"`
		Rel  string `json:"rel,omitempty"`
		Text string `json:"text,omitempty"`
	}
	actor struct {
		Type string `json:"type"`
		UUID string `json:"actor-uuid"`
	}
	origin struct {
		Actors []actor `json:"actors"`
	}
	threatID struct {
		System string `json:"system"`
		ID     string `json:"id"`
	}
	remediation struct {
		UUID        string     `json:"uuid"`
		Lifecycle   string     `json:"lifecycle"`
		Title       string     `json:"title"`
		Description string     `json:"description"`
		Props       []property `json:"props,omitempty"`
		Origins     []origin   `json:"origins,omitempty"`
	}
	party struct {
		UUID string       `json:"uuid"`
		Type string       `json:"type"`
		Name string       `json:"name"`
		IDs  []externalID `json:"external-ids,omitempty"`
	}
	externalID struct {
		Scheme string `json:"scheme"`
		ID     string `json:"id"`
	}
	logEntry struct {
		UUID   string `json:"uuid"`
		Title  string `json:"title"`
		Start  string `json:"start"`
		Status string `json:"status-change"`
	}
	riskLog struct {
		Entries []logEntry `json:"entries"`
	}
	relatedObservation struct {
		UUID string `json:"observation-uuid"`
	}
	relatedRisk struct {
		UUID string `json:"risk-uuid"`
	}
	risk struct {
		UUID         string               `json:"uuid"`
		Title        string               `json:"title"`
		Description  string               `json:"description"`
		Statement    string               `json:"statement"`
		Props        []property           `json:"props,omitempty"`
		Links        []link               `json:"links,omitempty"`
		Status       string               `json:"status"`
		Origins      []origin             `json:"origins,omitempty"`
		ThreatIDs    []threatID           `json:"threat-ids,omitempty"`
		Deadline     string               `json:"deadline,omitempty"`
		Remediations []remediation        `json:"remediations,omitempty"`
		Log          *riskLog             `json:"risk-log,omitempty"`
		Observations []relatedObservation `json:"related-observations,omitempty"`
	}
	evidenceItem struct {
		Href        string `json:"href,omitempty"`
		Description string `json:"description"`
	}
	observation struct {
		UUID        string         `json:"uuid"`
		Title       string         `json:"title"`
		Description string         `json:"description"`
		Methods     []string       `json:"methods"`
		Origins     []origin       `json:"origins"`
		Evidence    []evidenceItem `json:"relevant-evidence,omitempty"`
		Collected   string         `json:"collected"`
	}
	planItem struct {
		UUID         string               `json:"uuid"`
		Title        string               `json:"title"`
		Description  string               `json:"description"`
		Props        []property           `json:"props,omitempty"`
		Links        []link               `json:"links,omitempty"`
		Observations []relatedObservation `json:"related-observations,omitempty"`
		Risks        []relatedRisk        `json:"related-risks,omitempty"`
	}
)

// namespace marks what OSCAL has no word for.
const namespace = "urn:throughline:oscal"
