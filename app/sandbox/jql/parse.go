package jql

import "strings"

const maxDepth = 100

// Parse reads a query. The error is an *Error.
func Parse(src string) (Query, error) {
	toks, err := tokens(src)
	if err != nil {
		return Query{}, err
	}
	p := &parser{src: src, toks: toks}
	var q Query
	if p.peek().kind != end && !p.peek().is("order") {
		if q.Where, err = p.or(0); err != nil {
			return Query{}, err
		}
	}
	if p.accept("order") {
		if !p.accept("by") {
			return Query{}, p.expected("BY")
		}
		if q.Order, err = p.order(); err != nil {
			return Query{}, err
		}
	}
	if p.peek().kind != end {
		return Query{}, p.expected("'OR' or 'AND'")
	}
	return q, nil
}

type parser struct {
	src  string
	toks []token
	pos  int
}

func (p *parser) peek() token { return p.toks[p.pos] }

func (p *parser) next() token {
	t := p.toks[p.pos]
	if t.kind != end {
		p.pos++
	}
	return t
}

func (p *parser) accept(texts ...string) bool {
	for _, text := range texts {
		if p.peek().is(text) {
			p.pos++
			return true
		}
	}
	return false
}

func (p *parser) expected(what string) *Error {
	t := p.peek()
	if t.kind == end {
		return &Error{Text: "Expecting " + what + " before the end of the query."}
	}
	return place(p.src, t.at, "Expecting %s but got '%s'.", what, t.text)
}

func (p *parser) or(depth int) (Expr, error) {
	return p.joined(depth, (*parser).and, func(e []Expr) Expr { return Or(e) }, "or", "||", "|")
}

func (p *parser) and(depth int) (Expr, error) {
	return p.joined(depth, (*parser).not, func(e []Expr) Expr { return And(e) }, "and", "&&", "&")
}

func (p *parser) joined(depth int, part func(*parser, int) (Expr, error), join func([]Expr) Expr, words ...string) (Expr, error) {
	first, err := part(p, depth)
	if err != nil {
		return nil, err
	}
	all := []Expr{first}
	for p.accept(words...) {
		e, err := part(p, depth)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	if len(all) == 1 {
		return first, nil
	}
	return join(all), nil
}

func (p *parser) not(depth int) (Expr, error) {
	if depth > maxDepth {
		return nil, place(p.src, p.peek().at, "The query is nested too deeply.")
	}
	switch {
	case p.accept("not", "!"):
		e, err := p.not(depth + 1)
		if err != nil {
			return nil, err
		}
		return Not{e}, nil
	case p.accept("("):
		e, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if !p.accept(")") {
			return nil, p.expected("')'")
		}
		return e, nil
	default:
		return p.clause()
	}
}

func (p *parser) clause() (Expr, error) {
	field, err := p.field()
	if err != nil {
		return nil, err
	}
	op, err := p.operator()
	if err != nil {
		return nil, err
	}
	c := Clause{Field: field, Op: op}
	if op == "in" || op == "not in" {
		c.Values, err = p.list()
	} else {
		var v Value
		v, err = p.value()
		c.Values = []Value{v}
	}
	if err != nil {
		return nil, err
	}
	if (op == "is" || op == "is not") && !c.Values[0].Empty {
		return nil, place(p.src, p.toks[p.pos-1].at, "The operator '%s' can only be followed by EMPTY or NULL.", op)
	}
	return c, nil
}

func (p *parser) field() (Field, error) {
	t := p.peek()
	if t.kind != word && t.kind != quoted || t.kind == word && isKeyword(t.text) {
		return Field{}, p.expected("a field name")
	}
	p.next()
	f := Field{Name: strings.ToLower(t.text)}
	if !p.accept("[") {
		return f, nil
	}
	prop := p.peek()
	if prop.kind != word && prop.kind != quoted {
		return Field{}, p.expected("the key of an entity property")
	}
	p.next()
	if !p.accept("]") {
		return Field{}, p.expected("']'")
	}
	path := p.peek()
	if path.kind != word || !strings.HasPrefix(path.text, ".") || len(path.text) < 2 {
		if f.Name == "cf" {
			return Field{Name: "customfield_" + prop.text}, nil
		}
		return Field{}, p.expected("the path of a value within the entity property, such as .id")
	}
	p.next()
	f.Property, f.Path = prop.text, path.text[1:]
	return f, nil
}

func (p *parser) operator() (string, error) {
	t := p.peek()
	switch strings.ToLower(t.text) {
	case "=", "!=", ">", ">=", "<", "<=", "~", "!~":
		if t.kind == symbol {
			return p.next().text, nil
		}
	case "in":
		if t.kind == word {
			p.next()
			return "in", nil
		}
	case "not":
		if t.kind == word {
			p.next()
			if !p.accept("in") {
				return "", p.expected("IN")
			}
			return "not in", nil
		}
	case "is":
		if t.kind == word {
			p.next()
			if p.accept("not") {
				return "is not", nil
			}
			return "is", nil
		}
	}
	return "", p.expected("operator ('=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'IS')")
}

func (p *parser) list() ([]Value, error) {
	if !p.accept("(") {
		v, err := p.value() // a function may give a list
		if err == nil && v.Func == "" {
			return nil, p.expected("'('")
		}
		return []Value{v}, err
	}
	var out []Value
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if p.accept(")") {
			return out, nil
		}
		if !p.accept(",") {
			return nil, p.expected("',' or ')'")
		}
	}
}

func (p *parser) value() (Value, error) {
	t := p.peek()
	switch {
	case t.kind == quoted:
		p.next()
		return Value{Text: t.text}, nil
	case t.is("empty") || t.is("null"):
		p.next()
		return Value{Empty: true}, nil
	case t.kind != word || isKeyword(t.text):
		return Value{}, p.expected("a value, list or function")
	}
	p.next()
	if !p.accept("(") {
		return Value{Text: t.text}, nil
	}
	v := Value{Func: strings.ToLower(t.text)}
	for !p.accept(")") {
		a := p.peek()
		if a.kind != word && a.kind != quoted {
			return Value{}, p.expected("an argument or ')'")
		}
		p.next()
		v.Args = append(v.Args, a.text)
		if !p.accept(",") && !p.peek().is(")") {
			return Value{}, p.expected("',' or ')'")
		}
	}
	return v, nil
}

func (p *parser) order() ([]Sort, error) {
	var out []Sort
	for {
		f, err := p.field()
		if err != nil {
			return nil, err
		}
		s := Sort{Field: f}
		if p.accept("desc") {
			s.Desc = true
		} else {
			p.accept("asc")
		}
		out = append(out, s)
		if !p.accept(",") {
			return out, nil
		}
	}
}

func isKeyword(s string) bool {
	switch strings.ToLower(s) {
	case "and", "or", "not", "in", "is", "was", "changed", "empty", "null", "order", "by", "asc", "desc":
		return true
	}
	return false
}
