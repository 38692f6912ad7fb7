package list_test

import (
	"testing"

	"github.com/throughline/throughline/app/extract/extracttest"
	"github.com/throughline/throughline/app/extract/list"
)

func TestFinder(t *testing.T) { extracttest.Accept(t, list.Finder{}) }
