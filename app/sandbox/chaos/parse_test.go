package chaos_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/sandbox/chaos"
)

func TestParseRule(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     chaos.Rule
		bad      bool
	}{
		{name: "kind alone", in: "drop-after", want: chaos.Rule{Kind: chaos.DropAfter}},
		{name: "rate limit", in: "rate-limit,method=POST,path=/issue$,times=3,retryAfter=2", want: chaos.Rule{Kind: chaos.RateLimit, Method: "POST", Path: "/issue$", Times: 3, RetryAfter: 2}},
		{name: "lag", in: "index-lag,delay=1.5s", want: chaos.Rule{Kind: chaos.IndexLag, Delay: chaos.Duration(1500 * time.Millisecond)}},
		{name: "chance", in: "lose, event=^page_, probability=0.25", want: chaos.Rule{Kind: chaos.Lose, Event: "^page_", Probability: 0.25}},
		{name: "unknown kind", in: "burn", bad: true},
		{name: "unknown setting", in: "lose,often=1", bad: true},
		{name: "no number", in: "lose,times=many", bad: true},
		{name: "half a time", in: "lose,times=1.5", bad: true},
		{name: "no value", in: "lose,times", bad: true},
		{name: "empty", in: "", bad: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := chaos.ParseRule(tc.in)
			if (err != nil) != tc.bad {
				t.Fatalf("got error %v", err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParseRule(f *testing.F) {
	f.Add("rate-limit,method=POST,path=/issue$,times=3,retryAfter=2")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := chaos.ParseRule(s)
		if err != nil {
			return
		}
		if err := chaos.New().Set(chaos.Plan{Rules: []chaos.Rule{r}}); err != nil {
			t.Errorf("%q parses to a rule that is refused: %v", s, err)
		}
	})
}
