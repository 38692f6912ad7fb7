package command

import (
	"fmt"
	"strings"
)

// meant are words that people write for a command, beside misspellings of its name.
var meant = [...]struct {
	word string
	name Name
}{
	{"verified", Verify},
	{"accept", Accept},
	{"accepted", Accept},
	{"accept-until", Accept},
	{"risk-accept", Accept},
	{"approve", Verify},
	{"approved", Verify},
	{"dismissed", Dismiss},
	{"assign", Owner},
	{"assignee", Owner},
	{"reopened", Reopen},
	{"re-open", Reopen},
}

// known is the command that a word names; with why it is refused when it only comes near to one. Empty for any other word.
func known(word string) (name Name, wrong string) {
	word = strings.ToLower(word)
	for _, u := range usage {
		if string(u.name) == word {
			return u.name, ""
		}
	}
	for _, m := range meant {
		if m.word == word {
			name = m.name
		}
	}
	letters := strings.NewReplacer("-", "", "_", "")
	for _, u := range usage {
		if name == "" && alike(letters.Replace(word), letters.Replace(string(u.name))) {
			name = u.name
		}
	}
	if name == "" {
		return "", ""
	}
	return name, fmt.Sprintf("there is no command /%s. Did you mean this? %s", word, Usage(name))
}

// alike reports whether two words differ by a slip of the hand: one letter, of longer ones two.
func alike(a, b string) bool {
	most := 1
	if min(len(a), len(b)) >= 6 {
		most = 2
	}
	return distance(a, b) <= most
}

// distance is how many letters must be put in, taken out, replaced, or swapped with their neighbour, to make one word of another.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	before, last, row := rows[0], rows[1], rows[2]
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
