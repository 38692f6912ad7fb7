package labelled_test

import (
	"testing"

	"github.com/throughline/throughline/app/extract/extracttest"
	"github.com/throughline/throughline/app/extract/labelled"
)

func TestFinder(t *testing.T) { extracttest.Accept(t, labelled.Finder{}) }
