package list

import (
	"strings"

	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
)

// intent is how surely the entries of a list are threats; 0 when they are not.
func (l listing) intent() (float64, string) {
	s := l.section
	if s.Within == lexicon.Excluded || s.Within == lexicon.Mitigations {
		return 0, ""
	}
	if l.kinds() {
		return 0.93, "entry of a list of the kinds of STRIDE"
	}
	if l.intro != nil && !l.intro.Title {
		switch says := announces(l.page, l.intro); {
		case says < 0 && l.titled():
			return 0.85, "entry of a list of named attacks and failures"
		case says < 0:
			return 0, ""
		case says == 1 && !s.Within.Gathers():
			return 0.4, "entry of a list that is announced as one of harms"
		case says > 0:
			return 0.92, "entry of a list that is announced as one of threats"
		}
	}
	if s.Level >= 7 && s.Within.Gathers() && !s.Known && l.attacker() {
		return 0.92, "entry of a list of what an attacker may do"
	}
	direct := s.Distance == 0 && s.Topic.Gathers()
	switch {
	case direct && (s.Topic == lexicon.Threats || s.Topic == lexicon.Risks):
		return 0.9, "entry of a list in a section about threats"
	case direct && s.Topic == lexicon.Drawbacks:
		return 0.5, "entry of a list in a section about drawbacks"
	case s.Within == lexicon.Threats || s.Within == lexicon.Risks:
		return 0.6, "entry of a list in a part of a section about threats"
	case s.Within == lexicon.Security || s.Within == lexicon.Drawbacks:
		return 0.5, "entry of a list in a section about security"
	}
	return 0, ""
}

// attacker reports whether the title of the list's section begins with somebody who does harm.
func (l listing) attacker() bool {
	for i, w := range lexicon.Words(l.section.Title) {
		if i > 3 {
			break
		}
		if l.page.Reader.Class(w.Text).Has(lexicon.Adversary) {
			return true
		}
	}
	return false
}

// titled reports whether most entries begin with the name of an attack or a failure ("Plugin poisoning: …").
func (l listing) titled() bool {
	if !l.section.Within.Gathers() {
		return false
	}
	n := 0
	for _, entry := range l.entries {
		if len(entry[0].Parts) == 0 {
			continue
		}
		if title, _ := runIn(l.page.Lexicon, entry[0], entry[0].Parts[0]); title != "" && len(lexicon.Words(title)) <= 6 && nominal(l.page, title) && !l.page.Reader.Class(lexicon.Words(title)[0].Text).Has(lexicon.Measure) {
			n++
		}
	}
	return n > 0 && n*2 >= len(l.entries)
}

// announces judges the paragraph before a list: above 0 when it announces threats (2: in plain words), below when it
// announces something else, 0 when it does not tell.
func announces(page *extract.Page, intro *extract.Block) int {
	text := intro.Text()
	ss := prose.Sentences(text)
	if len(ss) == 0 {
		return 0
	}
	last := ss[len(ss)-1]
	if len(ss) > 1 && len(lexicon.Words(text[last.Start:last.End])) < 3 { // "Notably:"
		last.Start = ss[len(ss)-2].Start
	}
	colon := strings.HasSuffix(text, ":") || strings.Contains(text[last.Start:last.End], "following")
	r := page.Reader.Read(text, last)
	risk, attack, measure, both, troubled, joined := false, false, false, false, false, false
	for _, w := range lexicon.Words(text[last.Start:last.End]) {
		c := page.Reader.Class(w.Text)
		both = both || risk && joined && page.Lexicon.Word(w.Text) == lexicon.Mitigation // "risks and mitigations"
		joined = w.Text == "and" || w.Text == "their" || w.Text == "with" || w.Text == "or" || joined && (w.Text == "possible" || w.Text == "proposed" || w.Text == "corresponding" || w.Text == "respective" || w.Text == "the")
		risk = risk || c.Has(lexicon.Risk) && !weak(w.Text)
		troubled = troubled || c.Has(lexicon.Risk)
		attack = attack || c.Has(lexicon.Attack|lexicon.Adversary)
		measure = measure || c.Has(lexicon.Prescribe) || c.Has(lexicon.Measure) && !c.Has(lexicon.Harm|lexicon.Attack) || page.Lexicon.Word(w.Text) == lexicon.Mitigation
	}
	switch {
	case !colon:
		return 0
	case !risk && !attack && other(text[last.Start:last.End]):
		return -1
	case strings.HasSuffix(text, "in order to:"), strings.HasSuffix(text, " to:") && r.Threat < 0.4 && !attack && !related(text):
		return -1 // what it is for
	case both, risk && !measure && r.Measure < 0.8:
		return 2
	case r.Threat >= 0.6 && r.Measure < 0.6:
		return 1
	case measure || r.Measure >= 0.6:
		return -1
	case attack || troubled || r.Threat >= 0.4:
		return 1
	}
	return 0
}

// other reports whether the words of an announcement name what is listed, and that is nothing to fear.
func other(text string) bool {
	for _, w := range lexicon.Words(text) {
		switch w.Text {
		case "assumption", "assumptions", "goal", "goals", "requirement", "requirements", "property", "properties", "guarantee", "guarantees", "benefit", "benefits",
			"advantage", "advantages", "question", "questions", "prerequisite", "prerequisites", "actors", "assets", "roles", "reasons", "options", "alternatives",
			"principles", "steps", "features", "criteria", "annahmen", "ziele", "hypothèses":
			return true
		}
	}
	return false
}

// related reports whether "to:" leads over to nouns: "vulnerable to:", "could lead to:".
func related(text string) bool {
	for _, w := range []string{"lead", "leads", "leading", "led", "due", "vulnerable", "susceptible", "exposed", "prone", "subject", "open", "related", "similar", "respect", "limited", "rise"} {
		if strings.HasSuffix(text, w+" to:") {
			return true
		}
	}
	return false
}

// weak reports whether a word may name any trouble.
func weak(word string) bool {
	return strings.HasPrefix(word, "issue") || strings.HasPrefix(word, "problem") || strings.HasPrefix(word, "disadvantage") || strings.HasPrefix(word, "caveat") || strings.HasPrefix(word, "drawback") || strings.HasPrefix(word, "downside") || strings.HasPrefix(word, "concern") || word == "exposure"
}
