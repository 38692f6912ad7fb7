package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os/user"

	"github.com/spf13/cobra"
)

func newThreat() *cobra.Command {
	cmd := &cobra.Command{Use: "threat", Short: "Decide about a single threat"}
	data := cmd.PersistentFlags().String("data", "", "folder of the store (default $THROUGHLINE_DATA, else ./data)")
	cmd.AddCommand(&cobra.Command{
		Use: "refile ID", Short: "File a new ticket for a threat whose ticket was deleted, or is not visible any more", Args: cobra.ExactArgs(1),
		Long: "A ticket that is gone is not filed again by itself: somebody may have had a reason. This is a person's word that it shall be. " +
			"Who said so is recorded, as this machine knows them.",
		RunE: func(cmd *cobra.Command, args []string) error {
			client, closing, err := operator(cmd, *data, true)
			if err != nil {
				return err
			}
			defer closing()
			by := "somebody"
			if u, err := user.Current(); err == nil {
				by = u.Username
			}
			body, err := call(cmd, client, http.MethodPost, "/threats/"+url.PathEscape(args[0])+"/refile?"+url.Values{"by": {by}}.Encode())
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "A new ticket for %s is filed as soon as the server gets to it.\n", args[0])
			return body.Close()
		},
	})
	return cmd
}
