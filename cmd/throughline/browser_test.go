package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestBrowser does what a person does after `throughline demo`: opens a page, sees the panel, edits the page in the browser and
// sees the panel follow; then moves a ticket and sees it follow again.
func TestBrowser(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium (Debian: apt-get install chromium)")
	}
	d, err := startDemo(t.Context(), demoOptions{dir: t.TempDir(), log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	if err := d.firstReview(t.Context(), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 1600),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true))
	allocated, end := chromedp.NewExecAllocator(t.Context(), options...)
	defer end()
	browser, end := chromedp.NewContext(allocated)
	defer end()

	page := d.site.Confluence().Pages()[0]
	address := d.site.BaseURL() + "/wiki/pages/" + page.ID
	tickets := func() int {
		return glance[int](browser, `document.querySelectorAll("#body a[href*='/browse/SEC-']").length`)
	}
	// The first step starts the browser, which lives as long as the context of that call: no timeout on it.
	if err := chromedp.Do(browser, chromedp.Navigate(address), chromedp.WaitVisible("#version")); err != nil {
		t.Fatal(err)
	}
	before := tickets()
	if before < 7 {
		t.Fatalf("the page shows %d tickets, want at least one for each of its 7 threats", before)
	}

	// Edit the page: one threat more.
	const added = "An intern exports the whole customer list to a private drive"
	const section = `<h2>Threats found in the browser</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr><tr><td>` + added +
		`</td><td>Exports need an approval</td></tr></tbody></table>`
	steps(t, browser, chromedp.Click("#edit"), chromedp.WaitVisible("#page-body"))
	script[bool](t, browser, fmt.Sprintf(`(() => {
		const box = document.querySelector("#page-body"), at = box.value.indexOf('<ac:structured-macro ac:name="details"');
		box.value = box.value.slice(0, at) + %q + box.value.slice(at);
		return at > 0;
	})()`, section))
	steps(t, browser, chromedp.Click("#save"), chromedp.WaitVisible("#version"))
	within(t, "the panel shows the new threat's ticket", func() bool { return tickets() > before })

	// Move that ticket.
	const row = `[...document.querySelectorAll("#body tr")].find(r => r.innerText.includes(%q) && r.querySelector("a[href*='/browse/SEC-']"))`
	var ticket string
	within(t, "the new threat's row leads to its ticket", func() bool {
		ticket = glance[string](browser, fmt.Sprintf(row, added)+`?.querySelector("a[href*='/browse/SEC-']")?.href ?? ""`)
		return ticket != ""
	})
	steps(t, browser, chromedp.Navigate(ticket), chromedp.WaitVisible("#workflow button"), chromedp.Click("#workflow button"))
	within(t, "the ticket is in progress", func() bool {
		return strings.EqualFold(glance[string](browser, `document.querySelector("#status")?.innerText ?? ""`), "In Progress")
	})
	steps(t, browser, chromedp.Navigate(address), chromedp.WaitVisible("#version"))
	within(t, "the panel's row says so", func() bool {
		text := glance[string](browser, fmt.Sprintf(row, added)+`?.lastElementChild.previousElementSibling.innerText ?? ""`)
		return strings.EqualFold(strings.TrimSpace(text), "In Progress")
	})
}

func steps(t *testing.T, ctx context.Context, all ...chromedp.Action[chromedp.Void]) { //nolint:revive // t comes first, as in the testing package
	t.Helper()
	ctx, end := context.WithTimeout(ctx, 30*time.Second)
	defer end()
	if err := chromedp.Do(ctx, all...); err != nil {
		t.Fatal(err)
	}
}

func script[T any](t *testing.T, ctx context.Context, text string) T { //nolint:revive // t comes first, as in the testing package
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// glance looks at a page that may be on its way to another one: then there is nothing to see yet.
func glance[T any](ctx context.Context, text string) T {
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](text))
	if err != nil {
		var nothing T
		return nothing
	}
	return v
}

func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never seen: %s", what)
}
