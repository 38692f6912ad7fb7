package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app/operate"
)

func newOwners() *cobra.Command {
	cmd := &cobra.Command{
		Use: "owners", Short: "Who is answerable for how many threats, which have nobody, and why", Args: cobra.NoArgs,
		Long: "Lists the threats without an owner, with the reason and what can be done about it, and how many threats each owner has: open, overdue, and all that count.",
	}
	data := dataFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		client, closing, err := operator(cmd, *data, false)
		if err != nil {
			return err
		}
		defer closing()
		var sites []operate.Owners
		if err := get(cmd, client, "/owners", &sites); err != nil {
			return err
		}
		if *asJSON {
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetIndent("", "  ")
			return enc.Encode(struct {
				Sites []operate.Owners `json:"sites"`
			}{sites})
		}
		for _, s := range sites {
			printOwners(cmd.OutOrStdout(), s)
		}
		if len(sites) == 0 {
			fmt.Fprintln(cmd.OutOrStdout(), "No site is installed in this store.")
		}
		return nil
	}
	return cmd
}

func printOwners(out io.Writer, s operate.Owners) {
	fmt.Fprintf(out, "%s\n", s.Tenant)
	if len(s.Load) > 0 {
		t := table.NewWriter()
		t.SetOutputMirror(out)
		t.SetStyle(table.StyleLight)
		t.AppendHeader(table.Row{"Owner", "Open", "Overdue", "All"})
		for _, l := range s.Load {
			t.AppendRow(table.Row{cmp.Or(l.Name, l.Account), l.Open, l.Overdue, l.All})
		}
		t.Render()
	}
	if len(s.Unowned) == 0 {
		fmt.Fprintln(out, "Every threat that counts has an owner.")
		return
	}
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "Title", WidthMax: 50}, {Name: "Page", WidthMax: 30}, {Name: "Why", WidthMax: 60}})
	t.AppendHeader(table.Row{"Threat", "Title", "State", "Ticket", "Page", "Why nobody owns it"})
	for _, u := range s.Unowned {
		t.AppendRow(table.Row{u.Threat, u.Title, u.State, u.Ticket, u.Page, u.Why})
	}
	t.Render()
	fmt.Fprintln(out, "Assign the ticket in Jira, write “/owner @somebody” on it, or set THROUGHLINE_DEFAULT_OWNER.")
}
