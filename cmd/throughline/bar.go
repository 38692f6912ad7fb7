package main

import (
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar shows progress on a terminal, and nothing elsewhere.
func bar(w io.Writer, what string) func(done, all int) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func(int, int) {}
	}
	var b *progressbar.ProgressBar
	return func(done, all int) {
		if b == nil {
			b = progressbar.NewOptions(all, progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(what),
				progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth())
		}
		_ = b.Set(done) // a progress bar that cannot be drawn is no reason to stop
	}
}
