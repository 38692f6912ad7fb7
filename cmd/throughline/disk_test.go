package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const formerPack = "the former pack"

// former is a file in the place of an export, in a folder of its own.
func former(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "h1.zip")
	if err := os.WriteFile(path, []byte(formerPack), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// isAlone checks that the former file is as it was, and nothing half-written beside it.
func isAlone(t *testing.T, path string) {
	t.Helper()
	if kept, err := os.ReadFile(path); err != nil || string(kept) != formerPack {
		t.Errorf("the former pack is %q, %v", kept, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left beside it: %v, %v", left, err)
	}
}

// sizeOf exports a pack with all the room there is, and returns its length.
func sizeOf(t *testing.T, data string) int64 {
	t.Helper()
	whole := filepath.Join(t.TempDir(), "whole.zip")
	does(t, "export", "--data", data, "--out", whole)
	info, err := os.Stat(whole)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestNoRoomForThePack: the command gets the pack from the running server, and may write a part of it only.
func TestNoRoomForThePack(t *testing.T) {
	shell, err := exec.LookPath("bash") // whose ulimit -f counts in 1,024 bytes
	if err != nil {
		t.Skip("there is no shell to limit a file's size with")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	self := filepath.Join(t.TempDir(), "throughline") // under this name the test binary is the program, see TestMain
	if err := os.Symlink(program, self); err != nil {
		t.Fatal(err)
	}
	d := startTest(t, nil)
	reviewed(t, d)
	size := sizeOf(t, d.dir)
	for _, share := range []int64{1, 50, 95} {
		t.Run(strconv.FormatInt(share, 10)+" per cent", func(t *testing.T) {
			out := former(t, t.TempDir())
			limit := strconv.FormatInt(max(size*share/100/1024, 1), 10)
			said, err := exec.CommandContext(t.Context(), shell, "-c", `ulimit -f "$1" && shift && exec "$@"`, "bash", limit, self, "export", "--data", d.dir, "--out", out).CombinedOutput()
			if err == nil || !strings.Contains(string(said), "writing "+out) || !strings.Contains(string(said), "file too large") {
				t.Errorf("%v, it says %s", err, said)
			}
			isAlone(t, out)
		})
	}
	does(t, "verify", packOf(t, d, "after.zip")) // the server took no harm
}

// TestDiskFull exports on a disk that is too small: for the temporary files of the program that makes the pack, or for the pack.
func TestDiskFull(t *testing.T) {
	data := t.TempDir()
	makeStore(t, data, 300)
	size := sizeOf(t, data)
	disk := func(t *testing.T, bytes int64) string {
		t.Helper()
		dir := t.TempDir()
		if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size="+strconv.FormatInt(bytes, 10), "tmpfs", dir).CombinedOutput(); err != nil {
			t.Skipf("a small disk cannot be mounted here: %s", out)
		}
		t.Cleanup(func() {
			if out, err := exec.CommandContext(context.Background(), "umount", dir).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
		return dir
	}
	for _, share := range []int64{3, 30, 70, 100, 150, 200, 220, 250} { // temporary files take several times the pack's length
		t.Run("temporary files, "+strconv.FormatInt(share, 10)+" per cent", func(t *testing.T) {
			temp, out := disk(t, size*share/100), former(t, t.TempDir())
			t.Setenv("TMPDIR", temp)
			if said := fails(t, "export", "--data", data, "--out", out); !strings.Contains(said, "no space left on device") || !strings.Contains(said, "set TMPDIR to a folder with room") {
				t.Errorf("it says %s", said)
			}
			isAlone(t, out)
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
	for _, share := range []int64{5, 60, 99} {
		t.Run("the pack, "+strconv.FormatInt(share, 10)+" per cent", func(t *testing.T) {
			out := former(t, disk(t, size*share/100))
			if said := fails(t, "export", "--data", data, "--out", out); !strings.Contains(said, "writing "+out) || !strings.Contains(said, "no space left on device") {
				t.Errorf("it says %s", said)
			}
			isAlone(t, out)
		})
	}
}
