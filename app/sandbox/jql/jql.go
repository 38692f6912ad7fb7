// Package jql parses the part of the Jira Query Language that clients of an issue store use: clauses joined by AND, OR and NOT,
// lists, EMPTY, functions, entity properties and ORDER BY. It gives a clause no meaning; who holds the issues does.
package jql

import "fmt"

// Query is a parsed query. Where is nil when it restricts nothing.
type Query struct {
	Where Expr
	Order []Sort
}

// Sort is one term of ORDER BY.
type Sort struct {
	Field Field
	Desc  bool
}

// Expr is And, Or, Not or Clause.
type Expr interface{ expr() }

// And holds when all of it does.
type And []Expr

// Or holds when any of it does.
type Or []Expr

// Not holds when its expression does not.
type Not struct{ Expr Expr }

// Clause compares a field. Op is one of = != > >= < <= ~ !~ in, not in, is, is not.
type Clause struct {
	Field  Field
	Op     string
	Values []Value // one, or several for in and not in
}

func (And) expr()    {}
func (Or) expr()     {}
func (Not) expr()    {}
func (Clause) expr() {}

// Field names a field, in lower case, or a value within an entity property: issue.property[Property].Path.
type Field struct{ Name, Property, Path string }

// String is the field as a message names it.
func (f Field) String() string {
	if f.Property != "" {
		return fmt.Sprintf("%s[%s].%s", f.Name, f.Property, f.Path)
	}
	return f.Name
}

// Value is an operand: a text, EMPTY, or a function's name with its arguments.
type Value struct {
	Text  string
	Empty bool
	Func  string // lower case
	Args  []string
}

// Error says where a query is wrong, as Jira words it.
type Error struct {
	Text         string
	Line, Column int // from 1; 0 when the end of the query is meant
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return "Error in the JQL Query: " + e.Text
	}
	return fmt.Sprintf("Error in the JQL Query: %s (line %d, character %d)", e.Text, e.Line, e.Column)
}
