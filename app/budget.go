package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/operate"
)

const (
	spentFile = "points.json" // in the data folder
	// spentEvery is how old what is kept of the points may be: a process that is killed forgets what it spent since. The tenth that
	// is reserved for writes is more than any process spends in that time.
	spentEvery = 5 * time.Second
)

// budget is the hour's points, for the operator.
func (a *App) budget() operate.Budget {
	spent := a.road.Spent()
	return operate.Budget{Used: spent.Hour, Limit: spent.Limit}
}

// spentBefore reads what a former process spent. What cannot be read counts for nothing: Atlassian then says when to stop.
func spentBefore(dir string, log *slog.Logger) outbound.Hour {
	var h outbound.Hour
	text, err := os.ReadFile(filepath.Join(dir, spentFile))
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("the points that were spent in this hour are not known", "error", err)
		return outbound.Hour{}
	}
	return h
}

// keepSpent writes down what is spent, now and then and at the end.
func (a *App) keepSpent(ctx context.Context) {
	tick := time.NewTicker(spentEvery)
	defer tick.Stop()
	var kept outbound.Hour
	for ended := false; !ended; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			ended = true
		}
		now := a.road.Hour()
		if now.Begins.Equal(kept.Begins) && maps.Equal(now.By, kept.By) {
			continue
		}
		if err := writeSpent(a.config.Data, now); err != nil {
			a.log.Warn("the points that are spent could not be kept for a restart", "error", err)
			continue
		}
		kept = now
	}
}

func writeSpent(dir string, h outbound.Hour) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, spentFile)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
