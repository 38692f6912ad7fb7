package heading_test

import (
	"testing"

	"github.com/throughline/throughline/app/extract/extracttest"
	"github.com/throughline/throughline/app/extract/heading"
)

func TestFinder(t *testing.T) { extracttest.Accept(t, heading.Finder{}) }
