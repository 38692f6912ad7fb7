package statement_test

import (
	"testing"

	"github.com/throughline/throughline/app/extract/extracttest"
	"github.com/throughline/throughline/app/extract/statement"
)

func TestFinder(t *testing.T) { extracttest.Accept(t, statement.Finder{}) }
