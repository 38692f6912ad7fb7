package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/telemetry"
	"github.com/throughline/throughline/store"
)

func newServe() *cobra.Command {
	var flags app.Config
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server that a site's Confluence and Jira talk to",
		Long:  "Runs the server. The environment configures it (the README has the table); flags win over it.",
		Args:  cobra.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&flags.Data, "data", "", "THROUGHLINE_DATA: folder of the embedded store and of a generated master key")
	f.StringVar(&flags.Store, "store", "", "THROUGHLINE_STORE: DSN of the store")
	f.StringVar(&flags.Addr, "addr", "", "THROUGHLINE_ADDR: address to listen on")
	f.StringVar(&flags.BaseURL, "base-url", "", "THROUGHLINE_BASE_URL: URL at which Atlassian reaches this server")
	f.StringVar(&flags.Project, "project", "", "THROUGHLINE_PROJECT: key of the Jira project that tickets are filed in")
	f.BoolVar(&flags.Dev, "dev", false, "THROUGHLINE_DEV: allow http and loopback hosts; for a sandbox only")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := app.LoadConfig()
		if err != nil {
			return err
		}
		for _, o := range []struct {
			name     string
			from, to *string
		}{
			{"data", &flags.Data, &c.Data},
			{"store", &flags.Store, &c.Store},
			{"addr", &flags.Addr, &c.Addr},
			{"base-url", &flags.BaseURL, &c.BaseURL},
			{"project", &flags.Project, &c.Project},
		} {
			if f.Changed(o.name) {
				*o.to = *o.from
			}
		}
		c.Dev = c.Dev || flags.Dev
		return serve(cmd.Context(), c)
	}
	return cmd
}

func serve(ctx context.Context, c app.Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	log := telemetry.NewLog(os.Stderr, c.LogFormat)
	for _, name := range app.Unknown(os.Environ()) {
		log.Warn("this variable is none of Throughline's: is it misspelt?", "name", name)
	}
	s, err := openStore(ctx, c, log, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	log.Info("store open", "dsn", store.Redact(dsn(c)))
	a, err := app.New(c, s, log)
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return fault.As(fault.Invalid, err, "THROUGHLINE_ADDR: listening on %s", c.Addr)
	}
	return a.Run(ctx, l)
}

// newHealth is for the container's health check: an image without a shell has no curl.
func newHealth() *cobra.Command {
	return &cobra.Command{
		Use: "health", Short: "Ask the server on this machine whether it can work; exit 0 if so", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := app.LoadConfig()
			if err != nil {
				return err
			}
			_, port, err := net.SplitHostPort(c.Addr)
			if err != nil {
				return fault.New(fault.Invalid, "THROUGHLINE_ADDR: %q is no address", c.Addr)
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), 4*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort("127.0.0.1", port)+"/readyz", nil)
			if err != nil {
				return err
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return fault.As(fault.Busy, err, "the server does not answer")
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return fault.New(fault.Busy, "the server is not ready: %s", resp.Status)
			}
			return nil
		},
	}
}
