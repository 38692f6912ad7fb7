package mapping

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/throughline/throughline/app/fault"
)

// MaxFile is the largest mapping that is read, in bytes.
const MaxFile = 1 << 20

// entry is a rule as a file writes it.
type entry struct {
	Name      string        `yaml:"name"`
	Spaces    []string      `yaml:"spaces"`
	Labels    []string      `yaml:"labels"`
	Project   string        `yaml:"project"`
	Type      string        `yaml:"type"`
	Component string        `yaml:"component"`
	Parent    string        `yaml:"parent"`
	Priority  any           `yaml:"priority"`
	Due       any           `yaml:"due"`
	Fields    yaml.MapSlice `yaml:"fields"`
}

// whatIsUsed is how the library says that nothing reads a key.
var whatIsUsed = regexp.MustCompile(`(?s)^unknown field "(.*)"`)

// Read reads a mapping file. fault.Invalid says the line and what to do, for what is no YAML, a key that nothing reads, a value that
// cannot be meant, and a rule that no page can reach.
func Read(data []byte) (Mapping, error) {
	if len(data) > MaxFile {
		return Mapping{}, fault.New(fault.Invalid, "the mapping has %d bytes, more than the %d that are read", len(data), MaxFile)
	}
	var file struct {
		Rules []entry `yaml:"rules"`
	}
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return Mapping{}, told(err)
	}
	if len(tree.Docs) > 1 {
		return Mapping{}, fault.New(fault.Invalid, "the mapping has %d documents; write one, without further --- lines", len(tree.Docs))
	}
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		var plain plainOnly
		if ast.Walk(&plain, doc.Body); plain.odd != nil {
			return Mapping{}, fault.New(fault.Invalid, "line %d: write values out; anchors, aliases and tags are not read", plain.odd.GetToken().Position.Line)
		}
	}
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		return Mapping{}, told(err)
	}
	if len(file.Rules) == 0 {
		return Mapping{}, fault.New(fault.Invalid, "the mapping has no rules; write at least one below rules:")
	}
	var m Mapping
	for i, e := range file.Rules {
		r := reading{tree: tree, at: fmt.Sprintf("$.rules[%d]", i)}
		rule, err := r.rule(e, i)
		if err != nil {
			return Mapping{}, err
		}
		for _, before := range m.rules {
			if before.covers(rule) {
				return Mapping{}, r.wrong("", "no page reaches this rule: %s, at line %d, takes all of its pages before; change the order, or take one out", before.Name, before.Line)
			}
			if before.Name == rule.Name {
				return Mapping{}, r.wrong(".name", "%q is the name of the rule at line %d already; choose another", rule.Name, before.Line)
			}
		}
		m.rules = append(m.rules, rule)
	}
	return m, nil
}

// plainOnly finds what a mapping needs none of, and the library does not survive in every place.
type plainOnly struct{ odd ast.Node }

func (p *plainOnly) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		if p.odd == nil {
			p.odd = n
		}
		return nil
	}
	return p
}

// told puts the library's complaint into our words: the line, and what to do about an unknown key.
func told(err error) error {
	var e yaml.Error
	if !errors.As(err, &e) {
		return fault.New(fault.Invalid, "the mapping cannot be read: %s", firstLine(err.Error()))
	}
	what := firstLine(e.GetMessage())
	if key := whatIsUsed.FindStringSubmatch(what); key != nil {
		what = fmt.Sprintf("nothing reads the key %q; a rule has name, spaces, labels, project, type, component, parent, priority, due and fields", key[1])
	}
	line := 1
	if t := e.GetToken(); t != nil && t.Position != nil {
		line = t.Position.Line
	}
	return fault.New(fault.Invalid, "line %d: %s", line, what)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
