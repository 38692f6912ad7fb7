package main

import (
	"cmp"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/descriptor"
)

func newDescriptor() *cobra.Command {
	cmd := &cobra.Command{Use: "descriptor", Short: "Print what Atlassian must know of the app"}
	var product, base string
	connect := &cobra.Command{
		Use: "connect", Short: "Print the Connect descriptor of a product", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := app.LoadConfig()
			if err != nil {
				return err
			}
			d, err := descriptor.Connect(product, descriptor.App{BaseURL: cmp.Or(base, c.BaseURL)})
			if err != nil {
				return fault.As(fault.Invalid, err, "THROUGHLINE_BASE_URL, --product")
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(d)
		},
	}
	connect.Flags().StringVar(&product, "product", "", "jira or confluence")
	connect.Flags().StringVar(&base, "base-url", "", "URL of the server (default $THROUGHLINE_BASE_URL)")
	_ = connect.MarkFlagRequired("product") // fails for unknown flags only
	cmd.AddCommand(connect)
	return cmd
}
