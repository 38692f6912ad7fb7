//go:build failpoint

package failpoint

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// On is whether this build can be killed at its places.
const On = true

// Commit marks a place beside a commit, named after the function that asks for it.
func Commit(w When) { reach(string(w) + " commit " + asker()) }

// Call marks a place beside a call to a site, named after its endpoint.
func Call(w When, endpoint string) { reach(string(w) + " call " + endpoint) }

func reach(place string) {
	dir := os.Getenv(Folder)
	if dir == "" {
		return
	}
	file := filepath.Join(dir, url.PathEscape(place))
	seen, err := os.OpenFile(file+".reached", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic("failpoint: " + err.Error())
	}
	_, err = seen.Write([]byte{'.'})
	if err != nil {
		panic("failpoint: " + err.Error())
	}
	size, err := seen.Seek(0, 2)
	if err != nil {
		panic("failpoint: " + err.Error())
	}
	_ = seen.Close() // the byte is written
	armed, err := os.ReadFile(file + ".armed")
	if err != nil {
		return
	}
	if at, err := strconv.ParseInt(string(armed), 10, 64); err != nil || size < at || os.Rename(file+".armed", file+".fired") != nil {
		return
	}
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	select {} // until it strikes
}

var closure = regexp.MustCompile(`(\.func\d+|\.\d+|\.gowrap\d+|-fm|-range\d+)+$`)

// asker names the function on whose behalf the store commits: the first one outside of it, and the one that called that where it is
// itself called commit. The store's own, such as its runner, are named by the function that writes.
func asker() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	own := ""
	for {
		f, more := frames.Next()
		name, ours := strings.CutPrefix(f.Function, "github.com/throughline/throughline/")
		name = closure.ReplaceAllString(strings.TrimPrefix(strings.TrimPrefix(name, "store/"), "app/"), "")
		switch {
		case !ours || strings.HasPrefix(name, "failpoint."):
		case strings.HasPrefix(name, "bolt."):
			if own == "" && !strings.HasPrefix(name, "bolt.(*writer).") && name != "bolt.(*Store).write" {
				own = name
			}
		case !strings.HasSuffix(name, ".commit"):
			return name
		}
		if !more {
			return own
		}
	}
}
