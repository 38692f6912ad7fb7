package main

import (
	"fmt"
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/telemetry"
)

func newSandbox() *cobra.Command {
	var data, addr, pages, edition string
	var faults []string
	var limits bool
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run the local Atlassian site alone, for `throughline serve` or your own client to talk to",
		Long: "Runs a local Jira and Confluence on the loopback, with six design pages, people, projects and a workflow. Requests need Basic\n" +
			"authentication with a demo account's e-mail and API token, printed at the start, or an app's token. With --edition datacenter each\n" +
			"product has an address of its own and takes the personal access tokens that it made, as Bearer, and webhooks are Data Center's. A Connect app is installed by POST /sandbox/apps with {\"descriptor\": URL}, a Forge app by POST /sandbox/forge/apps with\n" +
			"{\"remote\": URL, \"appId\": …}; GET /sandbox/state counts what happened.",
		Example: "  throughline sandbox --data site --addr 127.0.0.1:8091 --fault rate-limit,method=POST,path=/issue,times=3,retryAfter=2",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&data, "data", "", "folder that keeps the site's state (default: nothing is kept)")
	cmd.Flags().StringVar(&addr, "addr", "", "loopback address to listen on (default: the one of --data, else a free one)")
	cmd.Flags().StringVar(&edition, "edition", "cloud", "which of Atlassian's editions to play: cloud or datacenter")
	cmd.Flags().StringVar(&pages, "pages", "", "folder of documents that become the space (*.md, *.xml as storage format)")
	cmd.Flags().StringArrayVar(&faults, "fault", nil, "a fault from the start: kind,name=value,…; can be given several times")
	cmd.Flags().BoolVar(&limits, "limits", false, "refuse what is over Atlassian's published rate limits")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if edition != "cloud" && edition != "datacenter" {
			return fault.New(fault.Invalid, "--edition: %q is none; use cloud or datacenter", edition)
		}
		o := sandbox.Options{Addr: addr, Dir: data, DataCenter: edition == "datacenter", Log: telemetry.NewLog(os.Stderr, "text")}
		var err error
		if o.Pages, o.Issues, err = space(pages, cmd.ErrOrStderr()); err != nil {
			return err
		}
		if limits {
			o.Limits = sandbox.PublishedLimits()
		}
		for _, text := range faults {
			rule, err := chaos.ParseRule(text)
			if err != nil {
				return fault.As(fault.Invalid, err, "--fault")
			}
			o.Faults.Rules = append(o.Faults.Rules, rule)
		}
		site, err := sandbox.New(o)
		if err != nil {
			return fault.As(fault.Invalid, err, "opening the sandbox")
		}
		out := cmd.OutOrStdout()
		fmt.Fprintf(out, "Site        %s/\nState       %s/sandbox/state\n", site.BaseURL(), site.BaseURL())
		if site.DataCenter() {
			fmt.Fprintf(out, "Products    THROUGHLINE_CONFLUENCE_URL=%s\n            THROUGHLINE_JIRA_URL=%s\n\n", site.ConfluenceURL(), site.JiraURL())
		} else {
			fmt.Fprintf(out, "Keys        THROUGHLINE_CONNECT_KEYS_URL=%s\n            THROUGHLINE_FORGE_JWKS_URL=%s\n\n", site.KeysURL(), site.JWKS())
		}
		printAccounts(out, site)
		<-cmd.Context().Done()
		return site.Close()
	}
	return cmd
}

// space is what a new site holds: the demo's pages and issues, or the documents of a folder. Documents that cannot be pages are told.
func space(dir string, told io.Writer) ([]seed.Page, []seed.Issue, error) {
	if dir == "" {
		return seed.Demo(), seed.Issues(), nil
	}
	pages, unfit, err := seed.FromDir(dir)
	for _, err := range unfit {
		fmt.Fprintln(told, "throughline: left out:", err)
	}
	if err == nil && len(pages) == 0 {
		err = fault.New(fault.Invalid, "none of the %s in %s can be a page", count(len(unfit), "document", "documents"), dir)
	}
	return pages, nil, fault.As(fault.Invalid, err, "--pages")
}

func printAccounts(out io.Writer, site *sandbox.Sandbox) {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	if site.DataCenter() {
		t.AppendHeader(table.Row{"Demo account", "Username", "Confluence token", "Jira token"})
	} else {
		t.AppendHeader(table.Row{"Demo account", "E-mail", "API token"})
	}
	for _, c := range site.Credentials() {
		if site.DataCenter() {
			t.AppendRow(table.Row{c.Name, c.Username, c.WikiPAT, c.JiraPAT})
		} else {
			t.AppendRow(table.Row{c.Name, c.Email, c.Token})
		}
	}
	t.Render()
}
