package cql

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// maxDepth is how deep brackets and NOT may nest.
const maxDepth = 200

// Parse reads a query. Its error is a *SyntaxError.
func Parse(s string) (Query, error) {
	tokens, err := scan(s)
	if err != nil {
		return Query{}, &SyntaxError{s, err.Error()}
	}
	p := &parser{tokens: tokens}
	q, err := p.query()
	if err != nil {
		return Query{}, &SyntaxError{s, err.Error()}
	}
	return q, nil
}

type parser struct {
	tokens []token
	depth  int
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != end {
		p.tokens = p.tokens[1:]
	}
	return t
}

// take consumes the next token where it is the keyword or mark.
func (p *parser) take(s string) bool {
	t := p.peek()
	if t.is(s) || t.kind == mark && t.text == s {
		p.next()
		return true
	}
	return false
}

func (p *parser) query() (Query, error) {
	var q Query
	var err error
	if t := p.peek(); t.kind != end && !t.is("order") {
		if q.where, err = p.or(); err != nil {
			return Query{}, err
		}
	}
	if p.take("order") {
		if q.order, err = p.orderBy(); err != nil {
			return Query{}, err
		}
	}
	if t := p.peek(); t.kind != end {
		return Query{}, fmt.Errorf("expected AND, OR or ORDER BY, found %v", t)
	}
	if q.where == nil && q.order == nil {
		return Query{}, fmt.Errorf("the query is empty")
	}
	return q, nil
}

func (p *parser) or() (expr, error) {
	return p.chain("or", p.and, func(e []expr) expr { return or(e) })
}

func (p *parser) and() (expr, error) {
	return p.chain("and", p.term, func(e []expr) expr { return and(e) })
}

func (p *parser) chain(keyword string, part func() (expr, error), join func([]expr) expr) (expr, error) {
	var all []expr
	for {
		e, err := part()
		if err != nil {
			return nil, err
		}
		all = append(all, e)
		if !p.take(keyword) {
			break
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return join(all), nil
}

func (p *parser) term() (expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("brackets nest deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	switch {
	case p.take("not"):
		e, err := p.term()
		return not{e}, err
	case p.take("("):
		e, err := p.or()
		if err == nil && !p.take(")") {
			err = fmt.Errorf("expected ), found %v", p.peek())
		}
		return e, err
	}
	return p.test()
}

func (p *parser) test() (expr, error) {
	name := p.next()
	f, ok := known(strings.ToLower(name.text))
	if name.kind != word || !ok {
		return nil, fmt.Errorf("no field is called %v", name)
	}
	t := test{field: strings.ToLower(name.text)}
	if f.alias != "" {
		t.field = f.alias
	}
	op, negated, err := p.operator()
	if err != nil {
		return nil, err
	}
	if !strings.Contains(f.operators, " "+op+" ") {
		return nil, fmt.Errorf("the operator %s can't be used with the field %s", op, t.field)
	}
	t.op = op
	if op == "in" {
		t.op = "="
		t.values, err = p.list(f)
	} else {
		var v value
		v, err = p.value(f)
		t.values = []value{v}
	}
	if err != nil {
		return nil, err
	}
	if negated {
		return not{t}, nil
	}
	return t, nil
}

// field is what may be said of a field.
type field struct {
	alias     string
	date      bool
	operators string // " = in ", each between spaces; negations come with them
}

const (
	equality = " = in "
	textual  = " = ~ in "
	ordered  = " = > >= < <= "
)

// known looks up a field by its name in lower case.
func known(name string) (field, bool) {
	switch name {
	case "id", "content", "type", "space", "space.key", "space.type", "label", "creator", "contributor", "ancestor", "parent":
		return field{operators: equality}, true
	case "title", "space.title":
		return field{operators: textual}, true
	case "text":
		return field{operators: " ~ "}, true
	case "sitesearch":
		return field{alias: "text", operators: " ~ "}, true
	case "created", "lastmodified":
		return field{date: true, operators: ordered}, true
	}
	return field{}, false
}

func (p *parser) operator() (op string, negated bool, err error) {
	t := p.next()
	switch {
	case t.is("in"):
		return "in", false, nil
	case t.is("not"):
		if !p.take("in") {
			return "", false, fmt.Errorf("expected IN after NOT, found %v", p.peek())
		}
		return "in", true, nil
	case t.kind != operator || t.text == "!":
		return "", false, fmt.Errorf("expected an operator, found %v", t)
	case t.text[0] == '!':
		return t.text[1:], true, nil
	case t.text == "~=" || t.text == "==":
		return "", false, fmt.Errorf("expected an operator, found %v", t)
	}
	return t.text, false, nil
}

func (p *parser) list(f field) ([]value, error) {
	if !p.take("(") {
		return nil, fmt.Errorf("expected ( after IN, found %v", p.peek())
	}
	var values []value
	for {
		v, err := p.value(f)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
		switch {
		case p.take(")"):
			return values, nil
		case !p.take(","):
			return nil, fmt.Errorf("expected , or ), found %v", p.peek())
		}
	}
}

func (p *parser) value(f field) (value, error) {
	t := p.next()
	if t.kind != word && t.kind != text {
		return value{}, fmt.Errorf("expected a value, found %v", t)
	}
	if t.kind == word && slices.ContainsFunc([]string{"and", "or", "not", "in", "order"}, t.is) {
		return value{}, fmt.Errorf("expected a value, found %v", t)
	}
	if t.kind == word && p.take("(") {
		return p.call(t, f)
	}
	v := value{text: t.text}
	if f.date {
		if _, ok := date(v.text); !ok {
			return value{}, fmt.Errorf("%v is no date: write \"2026-11-23 14:05\" or now(\"-5m\")", t)
		}
	}
	return v, nil
}

func (p *parser) call(name token, f field) (value, error) {
	v := value{call: strings.ToLower(name.text)}
	if f.date != isDate(v.call) && (f.date || v.call != "currentuser") {
		return value{}, fmt.Errorf("no function %s() for this field", name.text)
	}
	if p.take(")") {
		return v, nil
	}
	arg := p.next()
	if arg.kind != text && arg.kind != word || !f.date {
		return value{}, fmt.Errorf("unexpected argument %v of %s()", arg, name.text)
	}
	off, ok := parseOffset(arg.text)
	if !ok {
		return value{}, fmt.Errorf("%v is no span of time: write \"-5m\", \"-4w\"", arg)
	}
	v.off = off
	if !p.take(")") {
		return value{}, fmt.Errorf("expected ), found %v", p.peek())
	}
	return v, nil
}

func (p *parser) orderBy() ([]order, error) {
	if !p.take("by") {
		return nil, fmt.Errorf("expected BY after ORDER, found %v", p.peek())
	}
	var out []order
	for {
		t := p.next()
		name := strings.ToLower(t.text)
		if _, ok := known(name); t.kind != word || !ok {
			return nil, fmt.Errorf("can't order by %v", t)
		}
		o := order{field: name}
		if p.take("desc") {
			o.desc = true
		} else {
			p.take("asc")
		}
		out = append(out, o)
		if !p.take(",") {
			return out, nil
		}
	}
}

func letterOrDigit(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
