package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/operate"
	"github.com/throughline/throughline/app/threat"
)

func newCriteria() *cobra.Command {
	var site, framework string
	var asJSON, bare bool
	cmd := &cobra.Command{
		Use:   "criteria",
		Short: "Show a framework's criteria and how many threats bear on each; choose those of a threat",
		Long: "Prints a catalogue, in our own words, with the threats that bear on each criterion now. Which do is suggested by rule (" + control.Version + ")\n" +
			"and confirmed or changed by a person; the ledger keeps both.",
		Example: "  throughline criteria --framework iso27001\n" +
			"  throughline criteria set T-3K7QX2ZD CC6.1,CC6.7 --why \"tokens in transit\"\n" +
			"  throughline criteria confirm T-3K7QX2ZD",
		Args: cobra.NoArgs,
	}
	data := cmd.PersistentFlags().String("data", "", "folder of the store (default $THROUGHLINE_DATA, else ./data)")
	cmd.Flags().StringVar(&site, "site", "", "host of the site, where the store holds several")
	cmd.PersistentFlags().StringVar(&framework, "framework", "soc2", "soc2, iso27001, nist or asvs")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&bare, "catalogue", false, "print the catalogue alone: no store is asked")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := control.Framework(framework)
		if err != nil {
			return fault.Wrap(err, "--framework")
		}
		bearings := make([]*evidence.Bearing, len(c.Entries))
		for i, e := range c.Entries {
			bearings[i] = &evidence.Bearing{Listed: e}
		}
		if !bare {
			client, closing, err := operator(cmd, *data, false)
			if err != nil {
				return fault.Wrap(err, "counting threats (with --catalogue, none are)")
			}
			defer closing()
			q := url.Values{"site": {site}, "framework": {framework}}
			if err := get(cmd, client, "/criteria?"+q.Encode(), &bearings); err != nil {
				return err
			}
		}
		return printCriteria(cmd, c, bearings, asJSON, bare)
	}
	choose := func(use, short string, args int) *cobra.Command {
		var why, by string
		one := &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(args)}
		one.Flags().StringVar(&why, "why", "", "the reason, for the ledger")
		one.Flags().StringVar(&by, "by", "", "who chooses, for the ledger (default the user of this machine)")
		one.RunE = func(cmd *cobra.Command, args []string) error {
			q := url.Values{"framework": {framework}, "threat": {args[0]}, "why": {why}, "by": {cmp.Or(by, operatorName())}}
			if len(args) > 1 {
				if _, err := control.Choose(framework, args[1], "check"); err != nil {
					return err
				}
				q.Set("criteria", args[1])
			}
			return chooseCriteria(cmd, *data, q)
		}
		return one
	}
	cmd.AddCommand(
		choose("set THREAT CRITERIA", "Choose the criteria of a threat, such as CC6.1,CC6.7", 2),
		choose("confirm THREAT", "Confirm the criteria that were suggested for a threat", 1),
	)
	return cmd
}

func chooseCriteria(cmd *cobra.Command, data string, q url.Values) error {
	client, closing, err := operator(cmd, data, true)
	if err != nil {
		return err
	}
	defer closing()
	body, err := call(cmd, client, http.MethodPost, "/criteria?"+q.Encode())
	if err != nil {
		return err
	}
	defer body.Close()
	var made operate.Choice
	if err := json.NewDecoder(body).Decode(&made); err != nil {
		return fault.As(fault.Internal, err, "reading the server's answer")
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s bears on %s (was %s)\n", made.Threat, idsOf(made.Is), idsOf(made.Was))
	return err
}

func idsOf(criteria []threat.Criterion) string {
	if len(criteria) == 0 {
		return "nothing"
	}
	out := make([]string, len(criteria))
	for i, c := range criteria {
		out[i] = c.ID
	}
	return strings.Join(out, ", ")
}

func printCriteria(cmd *cobra.Command, c *control.Catalogue, bearings []*evidence.Bearing, asJSON, bare bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			Framework string              `json:"framework"`
			Title     string              `json:"title"`
			Scope     string              `json:"scope"`
			Mapping   string              `json:"mapping"`
			Criteria  []*evidence.Bearing `json:"criteria"`
		}{c.Framework, c.Title, c.Scope, control.Version, bearings})
	}
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	if bare {
		t.AppendHeader(table.Row{"Criterion", "Group", "In our words"})
	} else {
		t.AppendHeader(table.Row{"Criterion", "In our words", "Threats", "Open", "Mitigated", "Verified", "Accepted", "Chosen", "Exceptions"})
	}
	for _, b := range bearings {
		if bare {
			t.AppendRow(table.Row{b.ID, b.Group, b.Words})
		} else {
			t.AppendRow(table.Row{b.ID, b.Words, b.Threats, b.Open, b.Mitigated, b.Verified, b.Accepted, b.Chosen, b.Excepted})
		}
	}
	t.Render()
	_, err := fmt.Fprintf(out, "%s: %s, in our own words. %s\n", c.Title, c.Scope, control.Version)
	return err
}
