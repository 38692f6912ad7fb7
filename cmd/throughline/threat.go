package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

func newThreat() *cobra.Command {
	cmd := &cobra.Command{Use: "threat", Short: "Decide about a single threat"}
	data := cmd.PersistentFlags().String("data", "", "folder of the store (default $THROUGHLINE_DATA, else ./data)")
	by := cmd.PersistentFlags().String("by", "", "who decides, for the ledger (default the user of this machine)")
	decide := func(verb, short, long, done string, reasoned bool) *cobra.Command {
		var why string
		one := &cobra.Command{Use: verb + " ID", Short: short, Long: long, Args: cobra.ExactArgs(1)}
		if reasoned {
			one.Flags().StringVar(&why, "why", "", "the reason, for the evidence; required")
		}
		one.RunE = func(cmd *cobra.Command, args []string) error {
			client, closing, err := operator(cmd, *data, true)
			if err != nil {
				return err
			}
			defer closing()
			q := url.Values{"by": {cmp.Or(*by, operatorName())}, "why": {why}}
			body, err := call(cmd, client, http.MethodPost, "/threats/"+url.PathEscape(args[0])+"/"+verb+"?"+q.Encode())
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), done+"\n", args[0])
			return body.Close()
		}
		return one
	}
	cmd.AddCommand(
		decide("refile", "File a new ticket for a threat whose ticket was deleted, or is not visible any more",
			"A ticket that is gone is not filed again by itself: somebody may have had a reason. This is a person's word that it shall be. "+
				"Who said so is recorded.", "A new ticket for %s is filed as soon as the server gets to it.", false),
		decide("confirm", "Confirm a proposed threat, which then gets its ticket",
			"A threat that was concluded from a page, and that the page does not state, waits for a person. Threats that a page states need no confirmation.",
			"%s is open. Its ticket is filed as soon as the server gets to it.", true),
		decide("dismiss", "Dismiss a proposed threat: it is none",
			"A threat that has a ticket is dismissed by a comment on it: /dismiss and the reason.", "%s is dismissed.", true),
	)
	return cmd
}
