package report

import (
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract/findings"
	"github.com/throughline/throughline/app/threat"
)

// rule is what code hosts group results by: one a severity.
type rule struct {
	id, name, text, level, score string
}

// rules by severity. Scores stand in the middle of CVSS bands; code hosts order by them.
func ruleOf(s threat.Severity) rule {
	switch s {
	case threat.Critical:
		return rule{"stated-threat-critical", "StatedThreatCritical", "The page states a threat of critical severity.", "error", "9.5"}
	case threat.High:
		return rule{"stated-threat-high", "StatedThreatHigh", "The page states a threat of high severity.", "error", "8.0"}
	case threat.Medium:
		return rule{"stated-threat-medium", "StatedThreatMedium", "The page states a threat of medium severity.", "warning", "5.5"}
	case threat.Low:
		return rule{"stated-threat-low", "StatedThreatLow", "The page states a threat of low severity.", "note", "2.0"}
	}
	return rule{"stated-threat", "StatedThreat", "The page states a threat and does not rate it.", "warning", "5.0"}
}

// writeSARIF writes one run. A result's fingerprint is the threat's id, which follows from its words and not from its place.
func writeSARIF(w io.Writer, docs []Document) error {
	log := sarif.NewReport()
	run := sarif.NewRunWithInformationURI("Throughline", "https://github.com/throughline/throughline").WithColumnKind("unicodeCodePoints")
	if len(docs) > 0 {
		version := docs[0].Engine.Version
		run.Tool.Driver.Version = &version
	}
	for _, s := range []threat.Severity{threat.Critical, threat.High, threat.Medium, threat.Low, threat.Unstated} {
		r := ruleOf(s)
		d := run.AddRule(r.id)
		d.Name = &r.name
		d.WithShortDescription(sarif.NewMultiformatMessageString().WithText(r.text))
		d.WithFullDescription(sarif.NewMultiformatMessageString().WithText(r.text + " Every stated threat is to have a mitigation, an owner and a ticket."))
		d.WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(r.level))
		d.WithProperties(sarif.NewPropertyBag().Add("security-severity", r.score).WithTags([]string{"security", "threat-model"}))
	}
	for _, d := range docs {
		lines := newLines(d.Bytes)
		for _, t := range d.Threats {
			run.AddResult(result(d, t, lines))
		}
	}
	log.AddRun(run)
	data, err := json.MarshalIndent(log, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

func result(d Document, t findings.Threat, lines lines) *sarif.Result {
	r := ruleOf(t.Severity)
	text := t.Title
	if t.Statement != "" {
		text += ": " + flat(t.Statement)
	}
	if len(t.Mitigations) == 0 {
		text += " (no mitigation is stated)"
	} else {
		text += "\nMitigations: " + mitigations(t, "; ")
	}
	properties := sarif.NewPropertyBag().Add("confidence", t.Confidence).Add("why", t.Why).Add("finder", t.Finder)
	for key, value := range map[string]string{"stride": stride(t), "severity": string(t.Severity), "owner": t.Owner, "ticket": t.Ticket, "element": t.Element} {
		if value != "" {
			properties.Add(key, value)
		}
	}
	properties.WithTags(append([]string{}, t.CWE...))
	out := sarif.NewRuleResult(r.id).WithLevel(r.level).WithMessage(sarif.NewTextMessage(text)).WithProperties(properties)
	out.WithPartialFingerprints(map[string]string{"throughline/v1": string(t.ID)})
	out.AddLocation(location(d, t.At, lines))
	for _, at := range t.Also {
		out.RelatedLocations = append(out.RelatedLocations, location(d, at, lines))
	}
	return out
}

func location(d Document, at document.Span, lines lines) *sarif.Location {
	line, column := lines.at(at.Start)
	endLine, endColumn := lines.at(at.End)
	region := sarif.NewRegion().WithStartLine(line).WithStartColumn(column).WithEndLine(endLine).WithEndColumn(endColumn).
		WithByteOffset(at.Start).WithByteLength(at.Len())
	artifact := sarif.NewArtifactLocation().WithURI(uri(d.Source.Path))
	return sarif.NewLocation().WithPhysicalLocation(sarif.NewPhysicalLocation().WithArtifactLocation(artifact).WithRegion(region))
}

// uri is a path as a relative reference.
func uri(path string) string {
	path = strings.TrimPrefix(filepath.ToSlash(path), "./")
	return (&url.URL{Path: path}).EscapedPath()
}
