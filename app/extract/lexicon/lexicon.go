// Package lexicon holds what the finders know of words: what people call the parts of a threat, how they title the sections
// that gather threats, on which scales they rate them, and which words make a sentence a threat. It is data, in the YAML files
// beside the code, each with a version; the code only looks up.
package lexicon

import (
	"embed"
	"fmt"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/throughline/throughline/app/threat"
)

//go:embed roles.yaml scales.yaml words.yaml
var files embed.FS

// Lexicon answers what words mean. It never changes after loading and is safe for concurrent use.
type Lexicon struct {
	version int

	roles    map[string]Role // by head word
	phrases  map[string]Role // by whole phrase
	ends     map[string]bool // last words of phrases
	sections []sectionRule   // first match decides
	severity map[string]threat.Severity
	status   map[string]string
	empty    map[string]bool
	stride   map[string]threat.STRIDE
	words    map[string]Class
	stems    map[string]Class
	shortest int // length in bytes of the shortest stem
	longest  int

	cues      []string // parts of words
	kindWords map[string]points
	kindStems map[string]points
}

// Standard is the lexicon that ships with the program.
var Standard = sync.OnceValue(func() *Lexicon {
	l, err := load()
	if err != nil {
		panic(fmt.Sprintf("the embedded lexicon is broken: %v", err)) // a test reads it, so that no release can
	}
	return l
})

// Version is the sum of the files' versions: it grows whenever one of them does.
func (l *Lexicon) Version() int { return l.version }

func load() (*Lexicon, error) {
	l := &Lexicon{
		roles: map[string]Role{}, phrases: map[string]Role{}, ends: map[string]bool{}, severity: map[string]threat.Severity{}, status: map[string]string{},
		empty: map[string]bool{}, stride: map[string]threat.STRIDE{}, words: map[string]Class{}, stems: map[string]Class{}, shortest: 99,
		kindWords: map[string]points{}, kindStems: map[string]points{},
	}
	for _, read := range []func() error{l.loadRoles, l.loadScales, l.loadWords} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func decode(name string, into any) error {
	data, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}

func (l *Lexicon) loadRoles() error {
	var file struct {
		Version  int
		Roles    map[string][]string
		Phrases  map[string]string
		Sections []struct {
			Role                    string
			Any, First, Last, Whole []string
		}
	}
	if err := decode("roles.yaml", &file); err != nil {
		return err
	}
	l.version += file.Version
	for name, words := range file.Roles {
		role, err := roleNamed(name)
		if err != nil {
			return err
		}
		for _, w := range words {
			l.roles[strings.ToLower(w)] = role
		}
	}
	for phrase, name := range file.Phrases {
		role, err := roleNamed(name)
		if err != nil {
			return err
		}
		l.phrases[phrase] = role
		l.ends[phrase[strings.LastIndexByte(phrase, ' ')+1:]] = true
	}
	for _, s := range file.Sections {
		role, err := topicNamed(s.Role)
		if err != nil {
			return err
		}
		l.sections = append(l.sections, sectionRule{
			topic: role, anywhere: initials(patterns(s.Any)), first: patterns(s.First), last: patterns(s.Last), whole: patterns(s.Whole),
		})
	}
	return nil
}

func (l *Lexicon) loadScales() error {
	var file struct {
		Version  int
		Severity map[string][]string
		Status   map[string][]string
		Empty    []string
		Stride   map[string][]string
	}
	if err := decode("scales.yaml", &file); err != nil {
		return err
	}
	l.version += file.Version
	for level, words := range file.Severity {
		for _, w := range words {
			l.severity[strings.ToLower(w)] = threat.Severity(level)
		}
	}
	for meaning, words := range file.Status {
		for _, w := range words {
			l.status[strings.ToLower(w)] = meaning
		}
	}
	for _, w := range file.Empty {
		l.empty[strings.ToLower(w)] = true
	}
	for letter, phrases := range file.Stride {
		for _, p := range phrases {
			l.stride[strings.ToLower(p)] = threat.STRIDE(letter)
		}
	}
	return nil
}

func (l *Lexicon) loadWords() error {
	var file struct {
		Version int
		Classes map[string][]string
		Kinds   map[string][]string
		Cues    []string
	}
	if err := decode("words.yaml", &file); err != nil {
		return err
	}
	l.version += file.Version
	l.loadKinds(file.Kinds)
	l.cues = file.Cues
	for name, words := range file.Classes {
		class, err := classNamed(name)
		if err != nil {
			return err
		}
		for _, w := range words {
			w = strings.ToLower(w)
			stem, isStem := strings.CutSuffix(w, "*")
			if !isStem {
				l.words[w] |= class
				continue
			}
			l.stems[stem] |= class
			l.shortest, l.longest = min(l.shortest, len(stem)), max(l.longest, len(stem))
		}
	}
	return nil
}
