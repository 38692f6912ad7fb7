package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app/fault"
)

func newDemo() *cobra.Command {
	var pages, data, door string
	var exit, asJSON, logs bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try it all: a local Atlassian site and the app, with nothing else installed",
		Long: "Starts a local Atlassian site with design pages, installs the app into it by the real Connect handshake, reviews every page, and prints\n" +
			"the addresses to open. There one edits pages, moves issues and changes assignees, and sees the panels follow.",
		Example: "  throughline demo\n  throughline demo --pages docs/designs\n  throughline demo --exit --json",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&pages, "pages", "", "folder of your own documents that become the space (*.md, *.xml as storage format)")
	cmd.Flags().StringVar(&data, "data", "", "folder that keeps the store and the site's state (default: a temporary one)")
	cmd.Flags().StringVar(&door, "door", "connect", "how the app comes to the site: connect, forge, account (a service account on Cloud) or datacenter")
	cmd.Flags().BoolVar(&exit, "exit", false, "run the whole chain once and end; exit 0 only if all of it held")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what happened as JSON")
	cmd.Flags().BoolVar(&logs, "log", false, "show the app's log")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if !slices.Contains(doors(), door) {
			return fault.New(fault.Invalid, "--door: %q is none; use one of %s", door, strings.Join(doors(), ", "))
		}
		begun := time.Now()
		if data == "" {
			dir, err := os.MkdirTemp("", "throughline-demo-")
			if err != nil {
				return fault.As(fault.Internal, err, "making a temporary folder")
			}
			defer os.RemoveAll(dir)
			data = dir
		}
		logTo := io.Discard
		if logs {
			logTo = cmd.ErrOrStderr()
		}
		d, err := startDemo(cmd.Context(), demoOptions{dir: data, pages: pages, door: door, log: logTo, told: cmd.ErrOrStderr()})
		if err != nil {
			return err
		}
		defer d.close()
		if err := d.firstReview(cmd.Context(), bar(cmd.ErrOrStderr(), "Reviewing design pages")); err != nil {
			return err
		}
		r, err := d.report(cmd.Context(), pages == "")
		if err != nil {
			return err
		}
		if exit {
			if err := d.chain(cmd.Context(), &r); err != nil {
				return err
			}
		}
		r.Seconds = time.Since(begun).Seconds()
		r.OK = len(r.Problems) == 0
		if err := show(cmd, d, r, asJSON, exit); err != nil {
			return err
		}
		if !exit {
			fmt.Fprintln(cmd.ErrOrStderr(), "\nEdit a page, move an issue, change its assignee, and see the panel follow. Ctrl-C ends the demo.")
			<-cmd.Context().Done()
			return d.close()
		}
		if !r.OK {
			return errFound
		}
		return nil
	}
	return cmd
}

func show(cmd *cobra.Command, d *demo, r outcome, asJSON, exit bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		return enc.Encode(r)
	}
	fmt.Fprintf(out, "Reviewed %s: %s, %s, %s. %s\n", count(r.Pages, "page", "pages"), count(r.Threats, "threat", "threats"),
		count(r.Tickets, "ticket", "tickets"), count(r.Panels, "panel", "panels"),
		fmt.Sprintf("It took %.1f s and %d calls to the site (%d points).", r.Seconds, r.APICalls, r.Points))
	if !exit {
		addresses(out, d)
	}
	for _, p := range r.Problems {
		fmt.Fprintln(cmd.ErrOrStderr(), "Problem:", p)
	}
	return nil
}

// addresses says where to look, and as whom to call.
func addresses(out io.Writer, d *demo) {
	fmt.Fprintf(out, "\nSite     %s/\n", d.site.BaseURL())
	for _, p := range d.site.Confluence().Pages() {
		fmt.Fprintf(out, "Page     %s/wiki/pages/%s   %s\n", d.site.BaseURL(), p.ID, p.Title)
	}
	fmt.Fprintf(out, "Tickets  %s/projects/%s\nApp      %s/\nData     %s\n\n", d.site.BaseURL(), project, d.base, d.dir)
	printAccounts(out, d.site)
}
