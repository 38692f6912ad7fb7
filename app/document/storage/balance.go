package storage

import (
	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/markup"
)

// unbalanced is the error of an end tag that does not close the innermost element, named open ("" where none is open).
func unbalanced(source string, t markup.Token, open string) error {
	if open == "" {
		return document.Invalid(source, t.Span.Start, "</"+markup.Short(t.Name)+"> closes nothing")
	}
	return document.Invalid(source, t.Span.Start, "</"+markup.Short(t.Name)+"> stands where <"+markup.Short(open)+"> is to be closed")
}

func unclosed(source, name string, start int) error {
	return document.Invalid(source, start, "<"+markup.Short(name)+"> is not closed")
}

func tooDeep(source string, at int) error {
	return document.Invalid(source, at, "more than 1,000 elements inside each other")
}
