package cql

import (
	"strconv"
	"strings"
	"time"
)

// offset is a span in calendar units, as in now("-4w").
type offset struct {
	n    int
	unit byte // y M w d h m; 0: none
}

func parseOffset(s string) (offset, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 2 {
		return offset{}, false
	}
	unit := s[len(s)-1]
	n, err := strconv.Atoi(strings.TrimPrefix(s[:len(s)-1], "+"))
	if err != nil || !strings.ContainsRune("yMwdhm", rune(unit)) || n > 1_000_000 || n < -1_000_000 {
		return offset{}, false
	}
	return offset{n, unit}, true
}

func (o offset) from(t time.Time) time.Time {
	switch o.unit {
	case 'y':
		return t.AddDate(o.n, 0, 0)
	case 'M':
		return t.AddDate(0, o.n, 0)
	case 'w':
		return t.AddDate(0, 0, 7*o.n)
	case 'd':
		return t.AddDate(0, 0, o.n)
	case 'h':
		return t.Add(time.Duration(o.n) * time.Hour)
	case 'm':
		return t.Add(time.Duration(o.n) * time.Minute)
	}
	return t
}

func isDate(call string) bool {
	switch call {
	case "now", "startofday", "endofday", "startofweek", "endofweek", "startofmonth", "endofmonth", "startofyear", "endofyear":
		return true
	}
	return false
}

// date reads a date string, with a time to the minute or without.
func date(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02 15:04", "2006/01/02 15:04", "2006-01-02", "2006/01/02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// when compares an instant, by its minute, with a date: `> "2026-11-23 10:30"` begins at 10:31:00. A date without a time is its
// first minute. Functions are exact.
func (t test) when(have time.Time, v value, env Env) bool {
	have = have.UTC()
	want := env.Now.UTC()
	if v.call == "" {
		want, _ = date(v.text)
		have = have.Truncate(time.Minute)
	} else {
		want = v.off.from(instant(v.call, want))
	}
	switch t.op {
	case ">":
		return have.After(want)
	case ">=":
		return !have.Before(want)
	case "<":
		return have.Before(want)
	case "<=":
		return !have.After(want)
	}
	return have.Equal(want)
}

func instant(call string, now time.Time) time.Time {
	week := day(now).AddDate(0, 0, -int(now.Weekday()))
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	year := time.Date(now.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	const tick = time.Millisecond
	switch call {
	case "startofday":
		return day(now)
	case "endofday":
		return day(now).AddDate(0, 0, 1).Add(-tick)
	case "startofweek":
		return week
	case "endofweek":
		return week.AddDate(0, 0, 7).Add(-tick)
	case "startofmonth":
		return month
	case "endofmonth":
		return month.AddDate(0, 1, 0).Add(-tick)
	case "startofyear":
		return year
	case "endofyear":
		return year.AddDate(1, 0, 0).Add(-tick)
	}
	return now
}

func day(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
