package table_test

import (
	"testing"

	"github.com/throughline/throughline/app/extract/extracttest"
	"github.com/throughline/throughline/app/extract/table"
)

func TestFinder(t *testing.T) { extracttest.Accept(t, table.Finder{}) }
