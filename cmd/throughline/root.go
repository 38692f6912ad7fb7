package main

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "throughline",
		Short:         "Design page → threat → ticket → owner → evidence",
		Long:          "Throughline turns Confluence design pages into a traceable threat record.\nBegin with `throughline demo`: it needs nothing else.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
	}
	root.AddCommand(
		newDemo(), newServe(), newSandbox(),
		newScan(), newEval(),
		newExport(), newCriteria(), newHistory(), newVerify(), newLedger(), newJobs(), newProgress(), newOwners(), newThreat(), newDescriptor(), newDoctor(), newHealth(),
	)
	return root
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = s.Value
		}
	}
	if v == "" {
		v = "(devel)"
	}
	return v
}

// madeBy is what a pack says that it was made by: the version, and what compressed and drew its sheets and pages.
func madeBy() string { return version() + " (" + runtime.Version() + ", " + runtime.GOARCH + ")" }

// exactBuild is madeBy where that tells builds apart: not of a changed checkout, or one without a history. Empty where it does not.
func exactBuild() string {
	if v := version(); v == "unknown" || v == "(devel)" || strings.HasSuffix(v, "+dirty") {
		return ""
	}
	return madeBy()
}

// Errors of a command that did its work and has bad news, which it told already.
var (
	errFound = errors.New("found wanting")           // exit code 1
	errPart  = errors.New("could not be held whole") // exit code 3: good as far as it could be looked at
)

func exitCode(err error) (int, bool) {
	if errors.Is(err, errPart) {
		return 3, true
	}
	return 1, errors.Is(err, errFound)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
