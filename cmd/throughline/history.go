package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/fault"
)

func newHistory() *cobra.Command {
	var site, asOf string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "history PAGE|THREAT",
		Short: "Show what became of a page or a threat, and what was known of it at any instant",
		Long: "Prints every entry of the ledger about a page (its id) or a threat, and then what was known, decided and open at the instant of --as-of:\n" +
			"replayed from what was recorded before it, so that nothing later shines through.",
		Example: "  throughline history T-3K7QX2ZD\n  throughline history 98765 --as-of 2026-03-31T17:00:00Z",
		Args:    cobra.ExactArgs(1),
	}
	data := dataFlag(cmd)
	cmd.Flags().StringVar(&site, "site", "", "host of the site, where the store holds several")
	cmd.Flags().StringVar(&asOf, "as-of", "", "a day or an RFC 3339 time (default now)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		q := url.Values{"site": {site}, "of": {args[0]}}
		if asOf != "" {
			at, err := instant(asOf)
			if err != nil {
				return fault.Wrap(err, "--as-of")
			}
			q.Set("as_of", at.Format(time.RFC3339Nano))
		}
		client, closing, err := operator(cmd, *data, false)
		if err != nil {
			return err
		}
		defer closing()
		var h evidence.History
		if err := get(cmd, client, "/history?"+q.Encode(), &h); err != nil {
			return err
		}
		if asJSON {
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(h)
		}
		return printHistory(cmd.OutOrStdout(), h)
	}
	return cmd
}

func printHistory(out io.Writer, h evidence.History) error {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "What", WidthMax: 90}})
	t.AppendHeader(table.Row{"Recorded (UTC)", "Entry", "Threat", "By", "What"})
	for _, e := range h.Events {
		t.AppendRow(table.Row{e.Recorded.UTC().Format(time.DateTime), e.Entry, e.Threat, e.By, e.What})
	}
	t.Render()
	if _, err := fmt.Fprintf(out, "\nAs known at %s UTC:\n", h.AsOf.UTC().Format(time.DateTime)); err != nil {
		return err
	}
	t = table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "Title", WidthMax: 50}, {Name: "Owner", WidthMax: 30}, {Name: "Criteria", WidthMax: 30}})
	t.AppendHeader(table.Row{"Threat", "Title", "State", "Ticket", "Owner", "Criteria"})
	for _, one := range h.Threats {
		ticket := "none"
		if one.Ticket != nil {
			ticket = one.Ticket.Key + " " + one.Ticket.Status
		}
		state := string(one.State)
		if one.Stale {
			state += ", stale"
		}
		t.AppendRow(table.Row{one.ID, one.Text.Title, state, ticket, cmp.Or(one.Owner.Name, one.Owner.Account, "nobody"), idsOf(one.Criteria)})
	}
	t.Render()
	return nil
}
