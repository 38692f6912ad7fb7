package lexicon

import (
	"fmt"
	"strings"
)

// Class is a set of meanings that a word can have in a sentence.
type Class uint32

// The classes; words.yaml says what belongs to them.
const (
	Adversary Class = 1 << iota // somebody who does harm
	Hostile                     // makes somebody or something harmful: "malicious", "stolen"
	Attack                      // what attacks do
	Harm                        // what goes wrong
	Risk                        // names something to worry about: "risk", "concern"
	Modal                       // "could", "may"
	Cause                       // leads from a cause to a harm
	Measure                     // what is done against harm
	Prescribe                   // "must", "should"
	Negation
	Secret     // what is worth stealing
	Imperative // begins an instruction
	Anaphor    // goes on about what was said: "this"
	Additive   // begins something further: "moreover"
	Contrast   // "however"
	Nominal    // a noun that names an attack or a failure
	Agent      // somebody or something that acts
	Deficit    // what is lacking
	Effort     // the trouble of building and learning
	Past       // what happened once
	Relief     // makes a harm smaller
	Safe       // nothing to fear
	Chance     // "possibility"
	Accident   // "inadvertently"
	Prone      // "vulnerable"
	Ill        // "detrimental"
	Easy       // "feasible"
	Vector     // "attack", "vector", "surface"
	Burden     // what a system has to bear
	Outcome    // by which a sentence may tell what comes of it
)

// Has reports whether c has any of the classes in d.
func (c Class) Has(d Class) bool { return c&d != 0 }

func classNamed(name string) (Class, error) {
	names := []string{
		"adversary", "hostile", "attack", "harm", "risk", "modal", "cause", "measure", "prescribe", "negation",
		"secret", "imperative", "anaphor", "additive", "contrast", "nominal", "agent",
		"deficit", "effort", "past", "relief", "safe", "chance", "accident", "prone", "ill", "easy", "vector", "burden", "outcome",
	}
	for i, n := range names {
		if n == name {
			return 1 << i, nil
		}
	}
	return 0, fmt.Errorf("no class is called %q", name)
}

// Class is the set of classes of a word in lower case, 0 for one that tells nothing.
func (l *Lexicon) Class(word string) Class {
	c := l.words[word]
	for n := min(l.longest, len(word)); n >= l.shortest; n-- {
		c |= l.stems[word[:n]]
	}
	return c
}

// Cued reports whether a text may speak of somebody who does harm: a quick test before its sentences are read.
func (l *Lexicon) Cued(text string) bool {
	for _, c := range l.cues {
		if strings.Contains(text, c) {
			return true
		}
	}
	return false
}
