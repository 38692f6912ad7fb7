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
		Use: "owners", Short: "Who is answerable for how many threats, which have nobody, and why, and which tickets need a person", Args: cobra.NoArgs,
		Long: "Lists the threats without an owner, with the reason and what can be done about it; the tickets that somebody altered by hand, deleted or hid; and how many threats each " +
			"owner has: open, overdue, and all that count.",
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
	} else {
		t := details(out, "Threat", "Title", "State", "Ticket", "Page", "Why nobody owns it")
		for _, u := range s.Unowned {
			t.AppendRow(table.Row{u.Threat, u.Title, u.State, u.Ticket, u.Page, u.Why})
		}
		t.Render()
		fmt.Fprintln(out, "Assign the ticket in Jira, write “/owner @somebody” on it, or set THROUGHLINE_DEFAULT_OWNER.")
	}
	if len(s.Amiss) > 0 {
		t := details(out, "Ticket", "Threat", "Page", "What is amiss", "What to do")
		for _, a := range s.Amiss {
			t.AppendRow(table.Row{a.Ticket, a.Threat, a.Page, a.What, a.Mend})
		}
		t.Render()
	}
}

// details is a table with texts that may be long.
func details(out io.Writer, columns ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	most := map[any]int{"Title": 50, "Page": 30, "What is amiss": 40}
	var widths []table.ColumnConfig
	for n, name := range columns {
		widths = append(widths, table.ColumnConfig{Number: n + 1, WidthMax: cmp.Or(most[name], 60)})
	}
	t.SetColumnConfigs(widths)
	t.AppendHeader(columns)
	return t
}
