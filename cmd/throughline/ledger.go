package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/anchor"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/operate"
)

func newLedger() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Show, check and sign the record that evidence rests on",
		Long: "The ledger is append-only. A tree of hashes stands over its entries, and checkpoints of the tree are signed with a key of the site's\n" +
			"own: who changes, re-dates, adds or removes an entry afterwards does not get the same tree again.",
		Args: cobra.NoArgs,
	}
	f := ledgerFlags{}
	cmd.PersistentFlags().StringVar(&f.data, "data", "", "folder of the store (default $THROUGHLINE_DATA, else ./data)")
	cmd.PersistentFlags().StringVar(&f.site, "site", "", "host of the site, where the store holds several")
	cmd.PersistentFlags().BoolVar(&f.json, "json", false, "print JSON")
	cmd.AddCommand(f.show(), f.check(), f.checkpoint(), f.erase())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return f.showNewest(cmd) }
	return cmd
}

type ledgerFlags struct {
	data, site string
	json       bool
}

func (f *ledgerFlags) show() *cobra.Command {
	return &cobra.Command{
		Use:   "show [ENTRY]",
		Short: "Show the public key and the newest checkpoint, or one entry with its proof",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return f.showNewest(cmd)
			}
			return f.showEntry(cmd, args[0])
		},
	}
}

func (f *ledgerFlags) showNewest(cmd *cobra.Command) error {
	var l operate.Ledger
	if err := f.ask(cmd, http.MethodGet, "/ledger", nil, &l); err != nil {
		return err
	}
	return f.print(cmd, l)
}

func (f *ledgerFlags) print(cmd *cobra.Command, l operate.Ledger) error {
	out := cmd.OutOrStdout()
	if f.json {
		return indented(out, l)
	}
	if l.Checkpoint == "" {
		fmt.Fprintf(out, "site     %s\nNo checkpoint was signed yet: a running server signs the first, or `throughline ledger checkpoint`.\n", l.Site)
		return nil
	}
	fmt.Fprintf(out, "site     %s\nkey      %s\nentries  %d, up to this checkpoint:\n\n%s", l.Site, l.Key, l.Entries, l.Checkpoint)
	return nil
}

func (f *ledgerFlags) showEntry(cmd *cobra.Command, seq string) error {
	var e operate.Entry
	if err := f.ask(cmd, http.MethodGet, "/ledger/entries/"+url.PathEscape(seq), nil, &e); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if f.json {
		return indented(out, e)
	}
	utc := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000 UTC") }
	fmt.Fprintf(out, "entry     %d, %s\n", e.Entry.Seq, e.Entry.Kind)
	fmt.Fprintf(out, "occurred  %s  by the clock of its source\nobserved  %s  when Throughline heard of it\nrecorded  %s  when it was committed\n",
		utc(e.Entry.Occurred), utc(e.Entry.Observed), utc(e.Entry.Recorded))
	fmt.Fprintf(out, "leaf      %s\nsalt      %s\nbody      %s\n", e.Leaf, e.Salt, e.Entry.Body())
	if e.Erased > 0 {
		fmt.Fprintf(out, "          stands for what was erased: see entry %d\n", e.Erased)
	}
	fmt.Fprintf(out, "\n%s", e.Proof)
	return nil
}

func (f *ledgerFlags) check() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Recompute the whole ledger and compare it with what was signed; exit 1 when it does not fit",
		Long: "Recomputes every hash from the entries, and compares the tree with all checkpoints that were signed and with the one that is kept in\n" +
			"the folder checkpoints beside the store: that is how a store is found out that was restored from an older backup.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var l operate.Ledger
			if err := f.ask(cmd, http.MethodGet, "/ledger", nil, &l); err != nil {
				return err
			}
			kept, err := f.folder()
			if err != nil {
				return err
			}
			note, err := kept.Read(cmd.Context(), l.Site)
			if err != nil {
				return err
			}
			q := url.Values{}
			if note != nil {
				q.Set("outside", string(note))
			}
			var c ledger.Checked
			if err := f.ask(cmd, http.MethodGet, "/ledger/check", q, &c); err != nil {
				return err
			}
			return f.printChecked(cmd, c)
		},
	}
}

func (f *ledgerFlags) printChecked(cmd *cobra.Command, c ledger.Checked) error {
	out := cmd.OutOrStdout()
	switch {
	case f.json:
		if err := indented(out, c); err != nil {
			return err
		}
	case c.Wrong != "":
		fmt.Fprintf(out, "WRONG: %s.\n", c.Wrong)
	default:
		fmt.Fprintf(out, "%s, recorded %s to %s.\n", count(int(c.Entries), "entry", "entries"), c.First.Format(time.RFC3339), c.Last.Format(time.RFC3339))
		fmt.Fprintf(out, "The tree is whole. It continues %s that the store has, and %d kept outside of it.\n", count(c.Checkpoints, "signed checkpoint", "signed checkpoints"), c.Outside)
		if c.Erased > 0 {
			fmt.Fprintf(out, "%s had what is personal in them erased, and the ledger tells of it.\n", count(c.Erased, "entry", "entries"))
		}
	}
	if c.Wrong != "" {
		return errFound
	}
	return nil
}

func (f *ledgerFlags) checkpoint() *cobra.Command {
	return &cobra.Command{
		Use:   "checkpoint",
		Short: "Sign a checkpoint of the ledger as it is now, and print it: give it to somebody outside",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var l operate.Ledger
			if err := f.ask(cmd, http.MethodPost, "/ledger/checkpoint", nil, &l); err != nil {
				return err
			}
			return f.print(cmd, l)
		},
	}
}

func (f *ledgerFlags) erase() *cobra.Command {
	var account, why string
	var names []string
	cmd := &cobra.Command{
		Use:   "erase --account ID --why TEXT",
		Short: "Erase a person from the ledger, which stays whole and tells of it",
		Long: "Puts a placeholder where the account id stands, and the names that the ledger has for it, and forgets what stood there. The tree only\n" +
			"knows digests, so that checkpoints and packs from before stay good. Backups and packs that were handed out are not reached, nor are\n" +
			"pages, tickets and the present owner of a threat: assign those to somebody else first.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			by, err := whoRuns()
			if err != nil {
				return err
			}
			var e operate.Erased
			if err := f.ask(cmd, http.MethodPost, "/ledger/erase", url.Values{"account": {account}, "name": names, "why": {why}, "by": {by}}, &e); err != nil {
				return err
			}
			if f.json {
				return indented(cmd.OutOrStdout(), e)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Erased from %s; entry %d tells of it.\n", count(e.Changed, "entry", "entries"), e.Entry)
			return nil
		},
	}
	cmd.Flags().StringVar(&account, "account", "", "the person's account id")
	cmd.Flags().StringArrayVar(&names, "name", nil, "a name of theirs that the ledger does not know as theirs; may be repeated")
	cmd.Flags().StringVar(&why, "why", "", "the reason, which stays in the ledger: do not name the person")
	for _, name := range []string{"account", "why"} {
		_ = cmd.MarkFlagRequired(name) // fails only for a flag that is not there
	}
	return cmd
}

// whoRuns is the user of this machine that runs the command.
func whoRuns() (string, error) {
	u, err := user.Current()
	if err != nil {
		return "", fault.As(fault.Internal, err, "finding out who runs this command")
	}
	return u.Username, nil
}

// ask calls the operator's API for the chosen site.
func (f *ledgerFlags) ask(cmd *cobra.Command, method, path string, q url.Values, into any) error {
	client, closing, err := operator(cmd, f.data, method != http.MethodGet)
	if err != nil {
		return err
	}
	defer closing()
	query := url.Values{"site": {f.site}}
	for name, values := range q {
		query[name] = values
	}
	body, err := call(cmd, client, method, path+"?"+query.Encode())
	if err != nil {
		return err
	}
	defer body.Close()
	return fault.As(fault.Internal, json.NewDecoder(body).Decode(into), "reading the server's answer")
}

// folder is where checkpoints are kept outside of the store.
func (f *ledgerFlags) folder() (anchor.Folder, error) {
	c, err := app.LoadConfig()
	if f.data != "" {
		c.Data = f.data
	}
	return c.Checkpoints(), err
}

func indented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
