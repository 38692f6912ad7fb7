package main

import (
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/store"
)

func newDoctor() *cobra.Command {
	var data string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check that a site allows what Throughline does there, and say what to change; writes nothing",
		Long: "Reads the same environment as `throughline serve` and checks the service account's site: that Confluence and Jira answer and know the\n" +
			"account, each permission by its name, project, issue type, required fields and the default owner, and each rule of a mapping. With --data it checks the sites that are\n" +
			"installed in that store too; end the server first, which holds the store.\n" +
			"Exit 0: all is well. 1: something is to be changed. 2: it could not be checked.",
		Example: "  THROUGHLINE_SITE_URL=https://acme.atlassian.net THROUGHLINE_SITE_EMAIL=bot@acme.com THROUGHLINE_SITE_TOKEN=… THROUGHLINE_PROJECT=SEC throughline doctor",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&data, "data", "", "folder of the store whose installed sites are checked")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := app.LoadConfig()
		if err != nil {
			return err
		}
		if data != "" {
			c.Data, c.Store = data, ""
		}
		if c.BaseURL == "" {
			c.BaseURL = "https://throughline.invalid" // nobody is reached, nor called back
		}
		if err := c.Validate(); err != nil {
			return err
		}
		installed, err := tenants(cmd, c, data != "")
		if err != nil {
			return err
		}
		found, err := app.Doctor(cmd.Context(), c, installed)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fault.New(fault.Invalid, "there is no site to check: set THROUGHLINE_SITE_URL, or name an installed store by --data")
		}
		return tell(cmd, found, asJSON)
	}
	return cmd
}

// tenants reads the installed sites, if they are asked for.
func tenants(cmd *cobra.Command, c app.Config, asked bool) ([]tenant.Tenant, error) {
	if !asked {
		return nil, nil
	}
	key, err := masterKey(c, false)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(cmd.Context(), dsn(c), store.Options{Key: key, ReadOnly: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	all, err := s.All(cmd.Context())
	return all, fault.Wrap(err, "listing the installed sites")
}

// tell prints what was found, and fails with errFound when something is to be changed.
func tell(cmd *cobra.Command, found []app.Diagnosis, asJSON bool) error {
	wanting := false
	for _, d := range found {
		for _, c := range d.Checks {
			wanting = wanting || !c.OK
		}
	}
	out := cmd.OutOrStdout()
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(map[string]any{"ok": !wanting, "sites": found}); err != nil {
			return fault.As(fault.Internal, err, "printing what was found")
		}
	} else {
		for _, d := range found {
			fmt.Fprintln(out, d.Site)
			for _, c := range d.Checks {
				mark := "ok   "
				if !c.OK {
					mark = "WRONG"
				}
				fmt.Fprintf(out, "  %s  %s: %s\n", mark, c.Name, c.Says)
				if c.Mend != "" {
					fmt.Fprintf(out, "         → %s\n", c.Mend)
				}
			}
		}
	}
	if wanting {
		return errFound
	}
	return nil
}
