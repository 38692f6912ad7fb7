package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/operate"
)

// exportFlags are the command line of an export.
type exportFlags struct {
	site, from, to, asOf, format, out, framework string
	space, project, label, by                    string
	sample                                       int
	seed                                         uint64
	offline                                      bool
}

func newExport() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the threats of a window of time, with tickets, owners, states and criteria, as evidence",
		Long: "Writes every threat that counted at some instant of the window. The window is half-open and in UTC; a day means its midnight.\n" +
			"With --out NAME.zip it is an evidence pack: tables as CSV, JSON and XLSX, a summary as PDF, OSCAL, and the part of the ledger that\n" +
			"it rests on, which `throughline verify` checks. Else one file: CSV has a row for each state with its three times (occurred,\n" +
			"observed, recorded). A running server is asked; without one, the store is read. The ledger keeps that an export was made.",
		Example: "  throughline export --data DIR --from 2026-01-01 --to 2026-07-01 --framework soc2 --sample 25 --seed 7 --out h1.zip\n" +
			"  throughline export --data DIR --from 2026-01-01 --to 2026-07-01 --format csv --out h1.csv",
		Args: cobra.NoArgs,
	}
	data := dataFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.site, "site", "", "host of the site, where the store holds several")
	flags.StringVar(&f.from, "from", "1970-01-01", "first instant: a day (2026-01-01) or an RFC 3339 time")
	flags.StringVar(&f.to, "to", "", "first instant after: a day or an RFC 3339 time (default now)")
	flags.StringVar(&f.asOf, "as-of", "", "instant of knowledge: what was recorded from it on is left out (default the window's end)")
	flags.StringVar(&f.framework, "framework", "soc2", "whose criteria: soc2, iso27001, nist or asvs")
	flags.StringVar(&f.space, "space", "", "only pages of the space with this key")
	flags.StringVar(&f.project, "project", "", "only threats whose ticket is of the project with this key")
	flags.StringVar(&f.label, "label", "", "only pages that carried this label at their newest review")
	flags.IntVar(&f.sample, "sample", 0, "draw so many threats for closer tests")
	flags.Uint64Var(&f.seed, "seed", 0, "of the draw: the same seed draws the same again")
	flags.StringVar(&f.format, "format", "", "csv, json or pack (default pack for --out NAME.zip, else csv)")
	flags.StringVar(&f.out, "out", "", "file to write (default standard output)")
	flags.StringVar(&f.by, "by", "", "who exports, for the ledger (default the user of this machine)")
	flags.BoolVar(&f.offline, "offline", false, "do not ask Jira for its own count: the pack says so")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return runExport(cmd, *data, f) }
	return cmd
}

func runExport(cmd *cobra.Command, data string, f exportFlags) error {
	q, err := f.query(cmd)
	if err != nil {
		return err
	}
	debug.SetGCPercent(50) // where no server runs, this process makes the pack: less memory for a little time
	client, closing, err := operator(cmd, data, true)
	if err != nil {
		return err
	}
	defer closing()
	body, err := call(cmd, client, http.MethodGet, "/export?"+q.Encode())
	if err != nil {
		return err
	}
	defer body.Close()
	show := exportSteps(cmd.ErrOrStderr())
	var done operate.Frame
	receive := func(w io.Writer) (err error) {
		done, err = operate.ReadExport(body, w, show)
		return err
	}
	if f.out == "" {
		err = receive(cmd.OutOrStdout())
	} else {
		err = writeWhole(f.out, receive)
	}
	if err != nil {
		return err
	}
	if done.Note != "" {
		fmt.Fprintln(cmd.ErrOrStderr(), "throughline:", done.Note)
	}
	if f.out != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "throughline: %s: %s\n", f.out, count(done.Threats, "threat", "threats"))
	}
	return nil
}

// query checks what can be checked here, and makes the question of it.
func (f exportFlags) query(cmd *cobra.Command) (url.Values, error) {
	if f.format == "" {
		f.format = "csv"
		if filepath.Ext(f.out) == ".zip" {
			f.format = "pack"
		}
	}
	switch f.format {
	case "csv", "json":
	case "pack":
		if f.out == "" {
			return nil, fault.New(fault.Invalid, "a pack is a zip file: name it with --out")
		}
	default:
		return nil, fault.New(fault.Invalid, "--format: %q is unknown: use csv, json or pack", f.format)
	}
	if _, err := control.Framework(f.framework); err != nil {
		return nil, fault.Wrap(err, "--framework")
	}
	q := url.Values{
		"site": {f.site}, "format": {f.format}, "framework": {f.framework}, "space": {f.space}, "project": {f.project}, "label": {f.label},
		"sample": {strconv.Itoa(f.sample)}, "seed": {strconv.FormatUint(f.seed, 10)}, "by": {cmp.Or(f.by, operatorName())}, "version": {madeBy()},
	}
	if f.offline {
		q.Set("offline", "yes")
	}
	for name, text := range map[string]string{"from": f.from, "to": f.to, "as-of": f.asOf} {
		if name == "as-of" && text == "" {
			continue
		}
		at, err := instant(text)
		if err != nil {
			return nil, fault.Wrap(err, "--%s", name)
		}
		if name == "as-of" {
			name = "as_of"
		}
		q.Set(name, at.Format(time.RFC3339Nano))
		if name == "to" && at.After(time.Now().Add(time.Minute)) {
			fmt.Fprintf(cmd.ErrOrStderr(), "throughline: the window ends in the future: what is recorded until %s is not in this export\n", at.Format(time.RFC3339))
		}
	}
	return q, nil
}

// operatorName is who runs a command, as the machine knows them.
func operatorName() string {
	u, err := user.Current()
	if err != nil || u.Username == "" {
		return "unknown"
	}
	return u.Username
}

// exportSteps shows an export's progress on a terminal, and nothing elsewhere.
func exportSteps(w io.Writer) func(operate.Frame) {
	what, show := "", func(int, int) {}
	return func(f operate.Frame) {
		if f.Step != what && !(f.All > 0 && what == "writing") {
			what = f.Step
			if f.All > 0 {
				what = "writing"
			}
			show = bar(w, what)
		}
		all := f.All
		if all == 0 {
			all = -1 // nobody knows
		}
		show(f.Done, all)
	}
}

// instant reads a day as its midnight in UTC, or a time with its zone; empty means now.
func instant(text string) (time.Time, error) {
	if text == "" {
		return time.Now().UTC().Truncate(time.Millisecond), nil // as it is shown, so that it can be asked for again
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
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".throughline-*")
	if err != nil {
		return fault.As(fault.Invalid, err, "writing %s", path)
	}
	defer os.Remove(f.Name())
	err = write(f)
	if synced := f.Sync(); err == nil {
		err = synced
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return fault.As(fault.Internal, err, "writing %s", path)
}
