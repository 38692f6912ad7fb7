package main

import (
	"math"
	"time"

	"github.com/throughline/throughline/app/operate"
)

// pace is what was seen of a review since somebody watches.
type pace struct {
	since  time.Time
	done   int // pages done since then
	points int // spent since then, over all hours
	busy   time.Duration
}

// timeLeft estimates how long so many pages still take from now on: at the pace at which work went on so far, and with a pause until the
// next hour wherever the hour's points do not suffice. It reports false while too little was seen.
func timeLeft(now time.Time, pages int, p pace, b operate.Budget) (time.Duration, bool) {
	if pages == 0 {
		return 0, true
	}
	if p.done < 1 || p.busy <= 0 {
		return 0, false
	}
	work := func(pages float64) time.Duration { return time.Duration(float64(p.busy) / float64(p.done) * pages) }
	price := float64(p.points) / float64(p.done)
	if b.Limit <= 0 || price <= 0 {
		return work(float64(pages)), true
	}
	usable := float64(b.Limit) * 0.9 // the rest is kept for writes
	left := float64(pages)
	now = now.UTC()
	var wait time.Duration
	for room := math.Max(0, usable-float64(b.Used)) / price; left > room; room = usable / price {
		if usable/price < 1 {
			return 0, false // not one page an hour: nothing to go by
		}
		left -= room
		wait += now.Add(wait).Truncate(time.Hour).Add(time.Hour).Sub(now.Add(wait))
	}
	return wait + work(left), true
}
