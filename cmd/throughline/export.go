package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app/fault"
)

func newExport() *cobra.Command {
	var site, from, to, format, out string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the threats of a window of time, with their tickets, owners and states, as evidence",
		Long: "Writes every threat that counted at some instant of the window: page, version, section, quote, mitigation, ticket, owner, and each\n" +
			"state with its three times (occurred, observed, recorded). The window is half-open and in UTC; a day means its midnight.\n" +
			"A running server is asked; without one, the store is read.",
		Example: "  throughline export --data DIR --from 2026-01-01 --to 2026-07-01 --format csv --out h1.csv",
		Args:    cobra.NoArgs,
	}
	data := dataFlag(cmd)
	cmd.Flags().StringVar(&site, "site", "", "host of the site, where the store holds several")
	cmd.Flags().StringVar(&from, "from", "1970-01-01", "first instant: a day (2026-01-01) or an RFC 3339 time")
	cmd.Flags().StringVar(&to, "to", "", "first instant after: a day or an RFC 3339 time (default now)")
	cmd.Flags().StringVar(&format, "format", "csv", "csv or json")
	cmd.Flags().StringVar(&out, "out", "", "file to write (default standard output)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		q := url.Values{"site": {site}, "format": {format}}
		for name, text := range map[string]string{"from": from, "to": to} {
			at, err := instant(text)
			if err != nil {
				return fault.Wrap(err, "--%s", name)
			}
			q.Set(name, at.Format(time.RFC3339Nano))
			if name == "to" && at.After(time.Now().Add(time.Minute)) {
				fmt.Fprintf(cmd.ErrOrStderr(), "throughline: the window ends in the future: what is recorded until %s is not in this export\n", at.Format(time.RFC3339))
			}
		}
		if format != "csv" && format != "json" {
			return fault.New(fault.Invalid, "--format: %q is unknown: use csv or json", format)
		}
		client, closing, err := operator(cmd, *data, false)
		if err != nil {
			return err
		}
		defer closing()
		body, err := call(cmd, client, http.MethodGet, "/export?"+q.Encode())
		if err != nil {
			return err
		}
		defer body.Close()
		if out == "" {
			_, err = io.Copy(cmd.OutOrStdout(), body)
			return err
		}
		return writeWhole(out, body)
	}
	return cmd
}

// instant reads a day as its midnight in UTC, or a time with its zone; empty means now.
func instant(text string) (time.Time, error) {
	if text == "" {
		return time.Now().UTC(), nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fault.New(fault.Invalid, "%q is neither a day such as 2026-01-01 nor a time such as 2026-01-01T08:00:00Z", text)
	}
	return t.UTC(), nil
}

// writeWhole writes a file that is there whole or not at all.
func writeWhole(path string, r io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".throughline-*")
	if err != nil {
		return fault.As(fault.Invalid, err, "writing %s", path)
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, r)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return fault.As(fault.Internal, err, "writing %s", path)
}
