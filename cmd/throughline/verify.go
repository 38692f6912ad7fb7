package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/operate"
	"github.com/throughline/throughline/app/stamp"
)

// replayed is how many entries a pack may disclose for it to be made again without being asked: a matter of seconds.
const replayed = 100_000

func newVerify() *cobra.Command {
	var key, previous, roots string
	var asJSON, replay bool
	cmd := &cobra.Command{
		Use:   "verify PACK.zip",
		Short: "Verify an evidence pack, with nothing but the pack: no server, no network",
		Long: "Checks that the pack is whole and that its ledger is what was signed: every file and number of records, the signature, each disclosed\n" +
			"entry against the tree of hashes, and that the log continues the one of an earlier pack. Then every table and sheet is made again from\n" +
			"the disclosed entries, and must be the same; of packs with more than 100,000 entries only with --replay, for it takes as long as\n" +
			"they took to make. The first thing that is wrong is named.\n" +
			"Exit code 0: it verifies, 1: it does not, 2: it could not be opened, 3: it verifies in part, for another version made it or bodies were\n" +
			"erased, so that not every file could be made again.\n\n" +
			"A time-stamp authority's token proves when the first so many entries existed; --tsa-roots says whose word counts for that.\n" +
			"That the pack is the site's own is known only by a key that you did not take from the pack itself, or by an earlier pack.",
		Example: "  throughline verify 2026.zip --previous 2025.zip",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&key, "key", "", "the log's public `KEY`, or a file with what throughline ledger show printed")
	cmd.Flags().StringVar(&previous, "previous", "", "an earlier `PACK` of the site, or a checkpoint that was kept (with --key)")
	cmd.Flags().StringVar(&roots, "tsa-roots", "", "`FILE` with the root certificates of the time-stamp authorities that you trust, PEM")
	cmd.Flags().BoolVar(&replay, "replay", true, "make tables, sheets and summary again from the entries, however many; --replay=false never does")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		expect := archive.Expect{}
		var err error
		if expect.Key, err = readKey(key); err != nil {
			return err
		}
		if roots != "" {
			if expect.Roots, err = stamp.Roots(roots); err != nil {
				return fault.Wrap(err, "--tsa-roots")
			}
		}
		r, err := verifyPack(cmd.Context(), args[0], previous, expect)
		again := evidence.Rechecked{Why: notReplayed(replay, cmd.Flags().Changed("replay"), r.Manifest.Ledger.Disclosed)}
		if err == nil && again.Why == "" {
			again, err = recheckPack(cmd, args[0], r)
		}
		var flaw *archive.Flaw
		if err != nil && !errors.As(err, &flaw) {
			return err
		}
		inPart := err == nil && (again.Differs != "" || r.Withheld > 0)
		return tellVerified(cmd, verifyAnswer{err == nil, inPart, flaw, &r, &again, expect.Key != "" || previous != ""}, asJSON)
	}
	return cmd
}

// notReplayed says why a pack is not made again from so many entries; empty when it is.
func notReplayed(replay, asked bool, disclosed int) string {
	switch {
	case !replay:
		return "--replay=false"
	case !asked && disclosed > replayed:
		return fmt.Sprintf("a pack with %d entries: add --replay, which takes about a minute a million", disclosed)
	}
	return ""
}

// verifyAnswer is what is printed.
type verifyAnswer struct {
	Verifies bool                `json:"verifies"`
	InPart   bool                `json:"in_part"` // not every file could be made again
	Flaw     *archive.Flaw       `json:"flaw,omitempty"`
	Report   *archive.Report     `json:"report,omitempty"`
	Replay   *evidence.Rechecked `json:"replay,omitempty"`
	Trusted  bool                `json:"key_from_outside"` // the key was compared with one that is not from the pack
}

func verifyPack(ctx context.Context, pack, previous string, expect archive.Expect) (archive.Report, error) {
	if previous != "" {
		var known ledger.Checkpoint
		err := withFile(previous, func(f *os.File, size int64) (err error) {
			known, err = archive.ReadPrevious(ctx, f, size, expect.Key)
			return err
		})
		var flaw *archive.Flaw
		if errors.As(err, &flaw) {
			flaw.Text = "in the previous pack, " + previous + ": " + flaw.Text
		}
		if err != nil {
			return archive.Report{}, err
		}
		expect.Previous = &known
	}
	var r archive.Report
	err := withFile(pack, func(f *os.File, size int64) (err error) {
		r, err = archive.Verify(ctx, f, size, expect)
		return err
	})
	return r, err
}

// recheckPack makes a pack that verified again from its entries.
func recheckPack(cmd *cobra.Command, pack string, r archive.Report) (again evidence.Rechecked, err error) {
	show := exportSteps(cmd.ErrOrStderr())
	step := func(what string, done, all int) { show(operate.Frame{Step: what, Done: done, All: all}) }
	err = withFile(pack, func(f *os.File, size int64) error {
		contents, err := archive.Read(f, size)
		if err == nil {
			again, err = evidence.Recheck(cmd.Context(), contents, r.Withheld, exactBuild(), step)
		}
		return err
	})
	return again, err
}

func withFile(path string, do func(*os.File, int64) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fault.As(fault.Invalid, err, "opening %s", path)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return fault.As(fault.Invalid, errors.Join(err, errors.New("want a file")), "reading %s", path)
	}
	return do(f, info.Size())
}

// readKey is the key given, or the first one in the file that it names.
func readKey(key string) (string, error) {
	if key == "" || strings.Count(key, "+") >= 2 {
		return key, nil
	}
	raw, err := os.ReadFile(key)
	if err != nil {
		return "", fault.As(fault.Invalid, err, "--key: it is neither a key of the form name+hash+key nor a file that can be read")
	}
	for word := range strings.FieldsSeq(string(raw)) {
		if strings.Count(word, "+") >= 2 && strings.Contains(word, "/throughline+") {
			return word, nil
		}
	}
	return "", fault.New(fault.Invalid, "--key: no key of the form name+hash+key stands in %s", key)
}

func tellVerified(cmd *cobra.Command, v verifyAnswer, asJSON bool) error {
	out := cmd.OutOrStdout()
	if !v.Verifies {
		v.Report, v.Replay = nil, nil
	}
	switch {
	case asJSON:
		if err := indented(out, v); err != nil {
			return err
		}
	case !v.Verifies:
		fmt.Fprintf(out, "DOES NOT VERIFY (%s): %v\n", v.Flaw.Part, v.Flaw)
	default:
		tellReport(cmd, v)
	}
	switch {
	case !v.Verifies:
		return errFound
	case v.InPart:
		return errPart
	}
	return nil
}

func tellReport(cmd *cobra.Command, v verifyAnswer) {
	r, again := *v.Report, *v.Replay
	out, m := cmd.OutOrStdout(), r.Manifest
	at := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
	verdict := "Verifies"
	if v.InPart {
		verdict = "VERIFIES IN PART"
	}
	fmt.Fprintf(out, verdict+": %s of %s, from %s until before %s, as of %s.\n", count(r.Files, "file", "files"), m.Site, at(m.From), at(m.To), at(m.AsOf))
	fmt.Fprintf(out, "Ledger: %s, %d disclosed here; the other %d are in the tree by their hashes, and any of them may be asked for.\n",
		count(int(m.Ledger.Size), "entry", "entries"), m.Ledger.Disclosed, int(m.Ledger.Size)-m.Ledger.Disclosed)
	for _, z := range archive.Zones() {
		tellShare(out, z, *m.Entries.Of(z), r.Hidden[z])
	}
	if r.Erased+r.Withheld > 0 {
		fmt.Fprintf(out, "What is personal was erased from %s, and %s without body.\n", count(r.Erased, "entry", "entries"), count(r.Withheld, "is", "are"))
	}
	switch {
	case again.Why != "":
		fmt.Fprintf(out, "NOT held against the entries: tables, sheets and summary (%s).\n", again.Why)
	case again.Files > 0:
		fmt.Fprintf(out, "Made again from the disclosed entries: %s, the same to the byte. Jira's answer in them, and why entries are not disclosed, is their maker's word.\n",
			count(again.Files, "file", "files"))
	default:
		fmt.Fprintf(out, "NOT all files are what the disclosed entries give: %s.\n", again.Differs)
		fmt.Fprintf(out, "  The pack says that version %s made it, which may have made them otherwise: only that very build can tell this from a forgery. Who, what and when in %s of tables is as the entries have it.\n",
			again.Made, count(again.Facts, "row", "rows"))
	}
	for _, size := range r.Continues {
		fmt.Fprintf(out, "It continues the checkpoint of %s.\n", count(int(size), "entry", "entries"))
	}
	for _, s := range r.Stamps {
		whose := "an authority that your root certificates vouch for"
		if !s.Trusted {
			whose = "an authority that was not checked (give its root certificates with --tsa-roots)"
		}
		fmt.Fprintf(out, "Time stamp: the first %s existed at %s, by the word of %s.\n", count(int(s.Size), "entry", "entries"), at(s.Time), whose)
	}
	if len(r.Stamps) == 0 {
		fmt.Fprintln(out, "No time stamp: when the entries were there is known by the log's own clock only.")
	}
	fmt.Fprintf(out, "Signed by %s\n", r.Key)
	if !v.Trusted {
		fmt.Fprintln(out, "This key comes from the pack itself. Compare it with `throughline ledger show`, or verify with --key or --previous.")
	}
}

// tellShare tells of the entries before, in or after the window: how many are disclosed is proven, how many of the others lie there is the
// maker's word within what the disclosed ones prove.
func tellShare(out io.Writer, z archive.Zone, s archive.Share, proven archive.Range) {
	fmt.Fprintf(out, "  %s: %s, %d disclosed, %d not", z, count(s.Entries, "entry", "entries"), s.Disclosed, s.Hidden())
	var reasons []string
	for _, why := range slices.Sorted(maps.Keys(s.Undisclosed)) {
		reasons = append(reasons, fmt.Sprintf("%d %s", s.Undisclosed[why], why))
	}
	if len(reasons) > 0 {
		fmt.Fprintf(out, " (by its maker's word %s)", strings.Join(reasons, ", "))
	}
	if proven.Least != proven.Most {
		fmt.Fprintf(out, "; the entries around them prove %d to %d", proven.Least, proven.Most)
	}
	fmt.Fprintln(out)
}
