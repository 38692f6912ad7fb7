package main

import "testing"

func TestWhenPacksAreMadeAgain(t *testing.T) {
	tests := []struct {
		name          string
		replay, asked bool
		disclosed     int
		want          bool
	}{
		{"a small pack", true, false, replayed, true},
		{"a large one", true, false, replayed + 1, false},
		{"a large one, asked for", true, true, 10 * replayed, true},
		{"a small one, declined", false, true, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if why := notReplayed(tt.replay, tt.asked, tt.disclosed); (why == "") != tt.want {
				t.Errorf("%q", why)
			}
		})
	}
}
