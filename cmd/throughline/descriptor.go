package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

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
	cmd.AddCommand(connect, newDescriptorForge())
	return cmd
}

func newDescriptorForge() *cobra.Command {
	var out, appID, base string
	cmd := &cobra.Command{
		Use: "forge", Short: "Write the folder of the Forge app: its manifest, and a README with the commands to register and deploy it",
		Example: "  throughline descriptor forge --out forge-app --base-url https://throughline.example.com",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := app.LoadConfig()
			if err != nil {
				return err
			}
			files, err := descriptor.Forge(descriptor.ForgeApp{ID: cmp.Or(appID, c.ForgeAppID), BaseURL: cmp.Or(base, c.BaseURL)})
			if err != nil {
				return fault.As(fault.Invalid, err, "--app-id, --base-url")
			}
			if err := os.MkdirAll(out, 0o750); err != nil {
				return fault.As(fault.Invalid, err, "--out")
			}
			for _, f := range files {
				if err := os.WriteFile(filepath.Join(out, f.Name), f.Data, 0o600); err != nil {
					return fault.As(fault.Invalid, err, "--out")
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Written to %s; %s tells what to do with it.\n", out, filepath.Join(out, "README.md"))
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "folder to write to; made when it is not there, files of the same names are replaced")
	cmd.Flags().StringVar(&appID, "app-id", "", "id that `forge register` gave the app (default $THROUGHLINE_FORGE_APP_ID, else none yet)")
	cmd.Flags().StringVar(&base, "base-url", "", "https URL of the server (default $THROUGHLINE_BASE_URL)")
	_ = cmd.MarkFlagRequired("out") // fails for unknown flags only
	return cmd
}
