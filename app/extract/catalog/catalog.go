// Package catalog is the one list of finders.
package catalog

import (
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/heading"
	"github.com/throughline/throughline/app/extract/labelled"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/list"
	"github.com/throughline/throughline/app/extract/statement"
	"github.com/throughline/throughline/app/extract/table"
)

// Finders are all finders, those that read the clearest shapes first.
func Finders() []extract.Finder {
	return []extract.Finder{table.Finder{}, labelled.Finder{}, heading.Finder{}, list.Finder{}, statement.Finder{}}
}

// Engine is the engine with all finders and the standard lexicon.
func Engine() *extract.Engine { return extract.New(lexicon.Standard(), Finders()...) }
