package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/operate"
	"github.com/throughline/throughline/app/work"
)

func newJobs() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "jobs",
		Short: "List, show, retry or discard work that waits or needs a person",
		Args:  cobra.NoArgs,
	}
	data := cmd.PersistentFlags().String("data", "", "folder of the store (default $THROUGHLINE_DATA, else ./data)")
	var asJSON bool
	var state string
	list := &cobra.Command{
		Use: "list", Short: "List jobs, and pages whose newest version could not be reviewed", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return listJobs(cmd, *data, state, asJSON) },
	}
	for _, c := range []*cobra.Command{cmd, list} {
		c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
		c.Flags().StringVar(&state, "state", "", "only waiting, running or held ones")
	}
	cmd.RunE = list.RunE
	show := &cobra.Command{
		Use: "show ID", Short: "Show one job whole", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, closing, err := operator(cmd, *data, false)
			if err != nil {
				return err
			}
			defer closing()
			var jobs []work.Job
			if err := get(cmd, client, "/jobs?id="+url.QueryEscape(args[0]), &jobs); err != nil {
				return err
			}
			if len(jobs) == 0 {
				return fault.New(fault.NotFound, "there is no job %s: it is done, or was discarded", args[0])
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetIndent("", "  ")
			return enc.Encode(jobs[0])
		},
	}
	cmd.AddCommand(list, show,
		actOn(data, "retry", "Run a held or waiting job at once", http.MethodPost, "/retry"),
		actOn(data, "discard", "Drop a held or waiting job", http.MethodDelete, ""))
	return cmd
}

func actOn(data *string, name, short, method, suffix string) *cobra.Command {
	return &cobra.Command{
		Use: name + " ID", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, closing, err := operator(cmd, *data, true)
			if err != nil {
				return err
			}
			defer closing()
			body, err := call(cmd, client, method, "/jobs/"+url.PathEscape(args[0])+suffix)
			if err != nil {
				return err
			}
			return body.Close()
		},
	}
}

func listJobs(cmd *cobra.Command, data, state string, asJSON bool) error {
	switch work.State(state) {
	case "", work.Waiting, work.Running, work.Held:
	default:
		return fault.New(fault.Invalid, "--state: %q is unknown: use waiting, running or held", state)
	}
	client, closing, err := operator(cmd, data, false)
	if err != nil {
		return err
	}
	defer closing()
	var jobs []work.Job
	if err := get(cmd, client, "/jobs?state="+url.QueryEscape(state), &jobs); err != nil {
		return err
	}
	if state == "" {
		// The next look at a site always waits; it is no work that is left to do.
		now := time.Now()
		jobs = slices.DeleteFunc(jobs, func(j work.Job) bool { return j.Ahead(now) })
	}
	var pages []operate.Page
	if err := get(cmd, client, "/pages", &pages); err != nil {
		return err
	}
	failed := []operate.Page{}
	for _, p := range pages {
		if p.Failed != "" {
			failed = append(failed, p)
		}
	}
	out := cmd.OutOrStdout()
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			Jobs   []work.Job     `json:"jobs"`
			Failed []operate.Page `json:"failed_pages"`
		}{jobs, failed})
	}
	if len(jobs) == 0 && len(failed) == 0 {
		fmt.Fprintln(out, "No job waits, and every page could be reviewed.")
		return nil
	}
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	if len(jobs) > 0 {
		t.AppendHeader(table.Row{"Job", "Site", "Kind", "Subject", "State", "Runs at (UTC)", "Tried", "Why"})
		for _, j := range jobs {
			t.AppendRow(table.Row{j.ID, j.Tenant, j.Kind, j.Subject, j.State, j.RunAt.UTC().Format(time.DateTime), j.Attempt, j.Reason})
		}
		t.Render()
	}
	for _, p := range failed {
		fmt.Fprintf(out, "Page %s of %s (%q) version %d could not be reviewed: %s\n", p.ID, p.Tenant, p.Title, p.Version, p.Failed)
	}
	return nil
}
