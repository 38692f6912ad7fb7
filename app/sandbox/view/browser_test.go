package view_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
)

// chromium is a tab of a headless browser, at most for limit.
func chromium(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium, which this machine has not")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1280, 1000))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	ctx, cancel = context.WithTimeout(ctx, limit)
	t.Cleanup(cancel)
	return ctx
}

func TestOpenPagesFollowChanges(t *testing.T) {
	b := open(t)
	ctx := chromium(t, 30*time.Second)
	checkout := b.page("Checkout")
	const chip = `#body [data-issue="SEC-1"] .lozenge`
	visit := func(path, until string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.Navigate(b.url+path), chromedp.WaitVisible(chromedp.CSS(until)), chromedp.WaitVisible(chromedp.CSS("#live.on"))); err != nil {
			t.Fatalf("open %s: %v", path, err)
		}
	}
	// follows changes something and waits until the open page says so.
	follows := func(what, script string, change func() error) {
		t.Helper()
		began := time.Now()
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Do(ctx, chromedp.Poll[chromedp.Void](script, chromedp.WithPollingInterval(10*time.Millisecond), chromedp.WithPollingTimeout(5*time.Second))); err != nil {
			t.Fatalf("%s does not show: %v", what, err)
		}
		t.Logf("%s shows after %v", what, time.Since(began).Round(time.Millisecond))
	}
	visit("/wiki/pages/"+checkout.ID, chip)
	follows("a transition", `document.querySelector('#body [data-issue="SEC-1"] .lozenge').textContent === "In Progress"`, func() error {
		return b.jira.Transition(site.Lucia, "SEC-1", "11", "")
	})
	follows("an edit", `document.querySelector("#body").textContent.includes("something new") && document.querySelector("#version").textContent === "2"`, func() error {
		_, err := b.wiki.Edit(site.Amir, checkout.ID, confluence.Edit{Version: 2, Title: checkout.Title, Body: "<p>something new</p>" + checkout.Body()})
		return err
	})

	follows("a trashed page", `document.querySelector("#head").textContent.includes("in the trash")`, func() error {
		return b.wiki.Trash(site.Amir, checkout.ID)
	})
	follows("a page deleted for good", `document.querySelector("#content").textContent.includes("There is no page")`, func() error {
		return b.wiki.Delete(site.Amir, checkout.ID)
	})

	ledger := b.page("Ledger")
	visit("/wiki/pages/"+ledger.ID+"/edit", "#page-body")
	if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.CSS("#page-message"), "my change")); err != nil {
		t.Fatal(err)
	}
	follows("somebody else's edit beside one's own",
		`!document.querySelector("#stale").hidden && document.querySelector("#page-message").value === "my change"`, func() error {
			_, err := b.wiki.Edit(site.Amir, ledger.ID, confluence.Edit{Version: 2, Title: ledger.Title, Body: "<p>x</p>"})
			return err
		})
	// What was typed is meant to be left: the browser would ask, and nobody is there to answer.
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](`document.querySelector("form[data-guard]").removeAttribute("data-guard")`)); err != nil {
		t.Fatal(err)
	}

	visit("/browse/SEC-1", "#status")
	if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.CSS("#comment"), "half a sentence")); err != nil {
		t.Fatal(err)
	}
	follows("a transition beside a comment that is being written",
		`document.querySelector("#status").textContent === "In Review" && document.querySelector("#comment").value === "half a sentence"`, func() error {
			return b.jira.Transition(site.Lucia, "SEC-1", "21", "")
		})
}

func TestEditingInTheBrowser(t *testing.T) {
	b := open(t)
	ctx := chromium(t, 30*time.Second)
	p := b.page("Ledger")
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	text := func(selector chromedp.CSS) string {
		t.Helper()
		s, err := chromedp.Run(ctx, chromedp.Text(selector))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	do(chromedp.Navigate(b.url+"/wiki/pages/"+p.ID), chromedp.Click(chromedp.CSS("#edit")), chromedp.WaitVisible(chromedp.CSS("#page-body")),
		chromedp.SetValue(chromedp.CSS("#page-body"), "<p>well</p>\n<p>open"), chromedp.Click(chromedp.CSS("#save")), chromedp.WaitVisible(chromedp.CSS("#problem")))
	if problem := text("#problem"); !strings.Contains(problem, "Error parsing xhtml") {
		t.Errorf("the form says %q, want what is wrong with the body", problem)
	}
	marked, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)`))
	if err != nil {
		t.Fatal(err)
	}
	if marked != "<p>open" {
		t.Errorf("marked is %q, want the row with the fault", marked)
	}
	do(chromedp.SetValue(chromedp.CSS("#page-body"), "<p>written in a browser</p>"), chromedp.Click(chromedp.CSS("#save")),
		chromedp.WaitVisible(chromedp.CSS("#body")))
	if shown := text("#body"); shown != "written in a browser" {
		t.Errorf("the page shows %q", shown)
	}
}

// Screenshots of every kind of page, wide and narrow, for a person to look at: SHOTS=folder go test -run Shots.
func TestShots(t *testing.T) {
	folder := os.Getenv("SHOTS")
	if folder == "" {
		t.Skip("set SHOTS to a folder")
	}
	b := open(t)
	ctx := chromium(t, time.Minute)
	id := b.page("Checkout").ID
	for name, path := range map[string]string{
		"home": "/", "space": "/wiki/spaces/MAR", "page": "/wiki/pages/" + id, "history": "/wiki/pages/" + id + "/history",
		"edit": "/wiki/pages/" + id + "/edit", "board": "/projects/SEC", "issue": "/browse/SEC-1",
	} {
		for size, width := range map[string]int64{"wide": 1280, "narrow": 390} {
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(b.url+path)); err != nil {
				t.Fatal(err)
			}
			png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, name+"-"+size+".png"), png, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
