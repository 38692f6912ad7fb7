package evidence

import (
	"strings"
	"testing"
)

func TestHeight(t *testing.T) {
	tests := []struct {
		name, text string
		want       int
	}{
		{"nothing", "", 1},
		{"a word", "mitigated", 1},
		{"as wide as the column", strings.Repeat("x", 40), 1},
		{"a little wider, as letters are narrow", strings.Repeat("x", 46), 1},
		{"two lines", strings.Repeat("x", 60), 2},
		{"lines of its own", "one\ntwo\nthree", 3},
		{"letters of East Asia", strings.Repeat("漢", 40), 2},
		{"letters of East Asia behind a word", "word " + strings.Repeat("漢", 40), 2},
		{"words that do not share a line", strings.Repeat("x", 30) + " " + strings.Repeat("y", 30) + " " + strings.Repeat("z", 30), 3},
		{"a word longer than a line, behind another", "see " + strings.Repeat("x", 60), 3},
		{"spaces alone", "   ", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := height(tt.text, 40); got != tt.want {
				t.Errorf("%d lines, want %d", got, tt.want)
			}
		})
	}
}
