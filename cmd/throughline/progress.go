package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/throughline/throughline/app/operate"
)

func newProgress() *cobra.Command {
	var asJSON, once bool
	cmd := &cobra.Command{
		Use:   "progress",
		Short: "Watch how far the review of a site has come, and how long it still takes",
		Long: "Shows how many design pages are reviewed, filed and have their panel, and how long the rest takes within Atlassian's hourly points.\n" +
			"It ends when nothing is left to do. A running server is asked; without one, the store is read. Stopping it stops nothing else.",
		Example: "  throughline progress --data DIR\n  throughline progress --once --json",
		Args:    cobra.NoArgs,
	}
	data := dataFlag(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, and end")
	cmd.Flags().BoolVar(&once, "once", false, "print a line for each site, and end")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var state operate.State
		look := func() error {
			client, closing, err := operator(cmd, *data, false)
			if err != nil {
				return err
			}
			defer closing()
			return get(cmd, client, "/progress", &state)
		}
		if err := look(); err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		if asJSON {
			enc := json.NewEncoder(out)
			enc.SetIndent("", "  ")
			return enc.Encode(state)
		}
		w := &watching{out: out, last: state, at: time.Now()}
		w.seen.since = w.at
		if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && !once {
			w.bar = progressbar.NewOptions(1, progressbar.OptionSetWriter(f), progressbar.OptionShowCount(), progressbar.OptionFullWidth(),
				progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false))
		}
		for {
			w.show(state)
			if once || w.bar == nil || finished(state) {
				fmt.Fprintln(out)
				return nil
			}
			select {
			case <-cmd.Context().Done():
				return nil
			case <-time.After(time.Second):
			}
			state = operate.State{}
			if err := look(); err != nil {
				return err
			}
		}
	}
	return cmd
}

func finished(s operate.State) bool {
	pages, done, _ := totals(s)
	return pages == done
}

func totals(s operate.State) (pages, done, held int) {
	for _, one := range s.Sites {
		pages, done, held = pages+one.Pages, done+one.Done, held+one.Held
	}
	return pages, done, held
}

// watching shows one state after another, and learns the pace from them.
type watching struct {
	out  io.Writer
	bar  *progressbar.ProgressBar // nil where there is no terminal
	last operate.State
	at   time.Time
	seen pace
}

func (w *watching) show(s operate.State) {
	now := time.Now()
	pages, done, held := totals(s)
	_, before, _ := totals(w.last)
	w.seen.done += max(0, done-before)
	if s.Budget.Used >= w.last.Budget.Used { // else an hour has turned
		w.seen.points += s.Budget.Used - w.last.Budget.Used
	} else {
		w.seen.points += s.Budget.Used
	}
	until := waits(s)
	if until.IsZero() {
		w.seen.busy += now.Sub(w.at)
	}
	w.last, w.at = s, now
	says := fmt.Sprintf("%d of %s done", done, count(pages, "page", "pages"))
	if held > 0 {
		says += fmt.Sprintf(", %d of them need a person (throughline jobs)", held)
	}
	if s.Budget.Limit > 0 {
		says += fmt.Sprintf(", %d of %d points used this hour", s.Budget.Used, s.Budget.Limit)
	}
	if !until.IsZero() {
		says += ", waits until " + until.UTC().Format("15:04:05 UTC")
	}
	if left, ok := timeLeft(now, pages-done, w.seen, s.Budget); ok && pages > done {
		says += ", about " + left.Round(time.Second).String() + " left"
	}
	if w.bar == nil {
		fmt.Fprint(w.out, says)
		return
	}
	w.bar.ChangeMax(max(1, pages))
	w.bar.Describe(says)
	_ = w.bar.Set(done) // a bar that cannot be drawn is no reason to stop
}

// waits is until when all sites with work left wait; zero when one goes on.
func waits(s operate.State) time.Time {
	var until time.Time
	for _, one := range s.Sites {
		switch {
		case one.Pages == one.Done:
		case one.Until.IsZero():
			return time.Time{}
		case until.IsZero() || one.Until.Before(until):
			until = one.Until
		}
	}
	return until
}
