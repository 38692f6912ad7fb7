package anchor

import (
	"context"
	"fmt"
	"html"
	"strings"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// wiki is what a Page needs of a site's Confluence.
type wiki interface {
	Page(ctx context.Context, id string) (confluence.Page, error)
	Update(ctx context.Context, u confluence.Update) (int, error)
}

// Page keeps the newest checkpoint in a Confluence page, whose history then has the former ones with Atlassian's times. Only its own
// region of the page is written.
type Page struct {
	Wiki   wiki
	ID     string   // of the page
	Labels []string // of design pages: a page with one of them has a panel there
}

func (p Page) String() string { return "Confluence page " + p.ID }

// Read implements Place.
func (p Page) Read(ctx context.Context, _ tenant.ID) ([]byte, error) {
	page, err := p.Wiki.Page(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	return checkpointIn(page.Body)
}

const (
	noteOpen  = "<pre>"
	noteClose = "</pre>"
)

// checkpointIn finds the checkpoint in a page's body; nil when there is none.
func checkpointIn(body string) ([]byte, error) {
	at, found, err := storage.FindRegion([]byte(body))
	if err != nil || !found {
		return nil, err
	}
	_, rest, opened := strings.Cut(body[at.Start:at.End], noteOpen)
	note, _, closed := strings.Cut(rest, noteClose)
	if !opened || !closed {
		return nil, nil
	}
	return []byte(html.UnescapeString(note)), nil
}

// Write implements Place.
func (p Page) Write(ctx context.Context, _ tenant.ID, c ledger.Checkpoint) error {
	page, err := p.Wiki.Page(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, label := range page.Labels {
		for _, taken := range p.Labels {
			if label == taken {
				return fault.New(fault.Invalid, "page %s carries the label %s of design pages, where a panel stands: choose another page for checkpoints", p.ID, label)
			}
		}
	}
	region := `<ac:structured-macro ac:name="details" ac:schema-version="1"><ac:parameter ac:name="id">` + storage.RegionID + `</ac:parameter><ac:rich-text-body>` +
		fmt.Sprintf("<p>Checkpoint of Throughline's ledger over %d entries. Whoever keeps a copy of it, or of this page's history, can tell whether "+
			"the ledger was written anew. Key: <code>%s</code></p>", c.Size, storage.Escape(c.Key)) +
		noteOpen + storage.Escape(string(c.Note)) + noteClose + `</ac:rich-text-body></ac:structured-macro>`
	body, err := storage.Splice([]byte(page.Body), []byte(region))
	if err != nil || string(body) == page.Body {
		return err
	}
	_, err = p.Wiki.Update(ctx, confluence.Update{
		Page: p.ID, Title: page.Title, Body: string(body), Version: page.Version.Number + 1, Message: fmt.Sprintf("Checkpoint of %d entries", c.Size), Minor: true,
	})
	return err
}
