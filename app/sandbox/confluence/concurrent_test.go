package confluence_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/throughline/throughline/app/sandbox/confluence"
)

// However many write at once, each version has one author, and everybody else is told that they were late.
func TestEveryVersionHasOneWinner(t *testing.T) {
	d := newDesk(t)
	p := d.create("A design", "<p>0</p>")
	var won, late atomic.Int64
	var all sync.WaitGroup
	for writer := range 8 {
		all.Go(func() {
			for i := range 25 {
				now, _ := d.Page(p.ID)
				_, err := d.Edit(mira, p.ID, edit(now.Version().Number+1, p.Title, fmt.Sprintf("<p>%d %d</p>", writer, i)))
				var refused *confluence.Refusal
				switch {
				case err == nil:
					won.Add(1)
				case errors.As(err, &refused) && refused.Status == http.StatusConflict:
					late.Add(1)
				default:
					t.Errorf("edit: %v", err)
				}
				d.do(http.MethodGet, "/wiki/api/v2/pages/"+p.ID+"?body-format=storage", "")
				d.do(http.MethodGet, "/wiki/rest/api/search?cql=type%3Dpage", "")
			}
		})
	}
	all.Wait()
	now, _ := d.Page(p.ID)
	if got := int64(now.Version().Number - 1); got != won.Load() || won.Load()+late.Load() != 200 {
		t.Errorf("%d new versions, %d edits won, %d came late", got, won.Load(), late.Load())
	}
	for i, v := range now.Versions {
		if v.Number != i+1 {
			t.Fatalf("version %d stands at place %d", v.Number, i+1)
		}
	}
}
