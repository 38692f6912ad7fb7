package view

import (
	"net/http"
	"slices"
	"time"

	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/jira"
)

// event is something that happened lately.
type event struct {
	At     time.Time
	Who    string // account id
	What   string
	Detail string
	Title  string
	URL    string
}

// lately is how many events the home page shows.
const lately = 14

type spaceCard struct {
	Space confluence.Space
	Pages []confluence.Page
}

type projectCard struct {
	Project               jira.Project
	New, InProgress, Done int
}

func (v *View) home(*http.Request) (*answer, error) {
	d := struct {
		Spaces   []spaceCard
		Projects []projectCard
		Events   []event
		Counts   confluence.Counts
		Issues   int
	}{Counts: v.wiki.Counts()}
	pages, issues := v.wiki.Pages(), v.tracker.Issues()
	d.Issues = len(issues)
	for _, s := range v.wiki.Spaces() {
		card := spaceCard{Space: s}
		for _, p := range pages {
			if p.SpaceID == s.ID && p.Status == confluence.Current {
				card.Pages = append(card.Pages, p)
			}
		}
		d.Spaces = append(d.Spaces, card)
	}
	for _, p := range v.tracker.Projects() {
		card := projectCard{Project: p}
		for _, i := range issues {
			if i.Project.Key != p.Key {
				continue
			}
			switch i.Status.Category {
			case "done":
				card.Done++
			case "indeterminate":
				card.InProgress++
			default:
				card.New++
			}
		}
		d.Projects = append(d.Projects, card)
	}
	d.Events = append(v.pageEvents(pages), issueEvents(issues)...)
	slices.SortStableFunc(d.Events, func(a, b event) int { return b.At.Compare(a.At) })
	d.Events = d.Events[:min(lately, len(d.Events))]
	return show("home", "Home", "home", d), nil
}

func (v *View) pageEvents(pages []confluence.Page) []event {
	var out []event
	for _, p := range pages {
		if p.Status != confluence.Current {
			continue
		}
		for _, version := range p.Versions[max(0, len(p.Versions)-lately):] {
			e := event{At: version.At, Who: version.AuthorID, What: "edited", Detail: version.Message, Title: version.Title, URL: v.pageURL(p)}
			switch {
			case version.Number == 1:
				e.What = "wrote"
			case version.Minor:
				e.What = "made a minor edit of"
			}
			out = append(out, e)
		}
	}
	return out
}

func issueEvents(issues []jira.View) []event {
	var out []event
	for _, i := range issues {
		e := event{Title: i.Key + " " + i.Summary, URL: "/browse/" + i.Key}
		made := e
		made.At, made.Who, made.What = i.Created, i.Creator.AccountID, "filed"
		out = append(out, made)
		for _, c := range i.Comments {
			said := e
			said.At, said.Who, said.What = c.Created, c.Author.AccountID, "commented on"
			out = append(out, said)
		}
		for _, h := range i.History[:min(lately, len(i.History))] {
			if len(h.Items) == 0 {
				continue
			}
			item := h.Items[0]
			if n := slices.IndexFunc(h.Items, func(i jira.ItemView) bool { return i.Field == "status" }); n >= 0 {
				item = h.Items[n]
			}
			changed := e
			changed.At, changed.Who, changed.What = h.At, h.Author.AccountID, "changed "+item.Field+" of"
			if item.Field == "status" {
				changed.What = "moved"
			}
			if item.To != "" {
				changed.Detail = "to " + item.To
			}
			out = append(out, changed)
		}
	}
	return out
}
