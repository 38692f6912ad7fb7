package jira

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/fault"
)

const (
	freshBelow = 20 // issues among which the beginning is chosen: one that was moved here lately has a newer key than its age says
	freshGap   = 2  // batches without any issue, after which there are no more: deleted ones leave gaps
	freshMost  = 50 // batches
)

// Fresh reads a project's issues that were made within the last span, and some older ones, oldest key first, without going by the
// search index: keys grow with each issue, and reading an issue by its key does not lag. fault.Busy when there are too many.
func (c *Client) Fresh(ctx context.Context, project string, span time.Duration, yield func(Issue)) error {
	last, err := c.lastBefore(ctx, project, span)
	if err != nil {
		return err
	}
	gap := 0
	for range freshMost {
		keys := make([]string, MaxFetch)
		for i := range keys {
			last++
			keys[i] = project + "-" + strconv.Itoa(last)
		}
		issues, err := c.Issues(ctx, keys)
		if err != nil {
			return err
		}
		for _, i := range issues {
			yield(i)
		}
		if gap++; len(issues) > 0 {
			gap = 0
		}
		if gap == freshGap {
			return nil
		}
	}
	return fault.New(fault.Busy, "jira: more than %d issues were made in %s within %s", freshMost*MaxFetch, project, span)
}

// lastBefore is the number of an issue that was made before the span, so that all later ones have higher ones; 0 when there is none.
// The index may not show the newest of those: then it is an older one.
func (c *Client) lastBefore(ctx context.Context, project string, span time.Duration) (int, error) {
	jql := fmt.Sprintf(`project = %s AND created < "-%dm" ORDER BY created DESC`, Quote(project), int(math.Ceil(span.Minutes()))+1)
	lowest, n := 0, 0
	err := c.Search(ctx, jql, func(i Issue) bool {
		if _, digits, ok := strings.Cut(i.Key, "-"); ok {
			if number, err := strconv.Atoi(digits); err == nil && (lowest == 0 || number < lowest) {
				lowest = number
			}
		}
		n++
		return n < freshBelow
	})
	return max(lowest-1, 0), err
}
