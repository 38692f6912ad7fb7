package anchor

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/stamp"
	"github.com/throughline/throughline/app/tenant"
)

const tokenSuffix = ".tsr"

// Stamped has a checkpoint stamped and keeps both side by side: SITE,SIZE is what was stamped, SITE,SIZE.tsr the token. One that is
// there already is left as it is.
func (f Folder) Stamped(ctx context.Context, a stamp.Authority, id tenant.ID, c ledger.Checkpoint) error {
	name := fmt.Sprintf("%s,%d", f.file(id), c.Size)
	if _, err := os.Stat(name + tokenSuffix); err == nil {
		return nil
	}
	token, err := a.Stamp(ctx, c.Note)
	if err != nil {
		return err
	}
	if err = os.MkdirAll(filepath.Dir(name), 0o700); err == nil {
		if err = replaceFile(name, c.Note); err == nil {
			err = replaceFile(name+tokenSuffix, token)
		}
	}
	return fault.As(fault.Internal, err, "keeping the time stamp of the checkpoint of %s", id)
}

// Stamp finds what a pack carries: the newest stamped checkpoint of at most so many entries whose token states a time before an instant;
// nil when there is none. The same arguments find the same, whatever is stamped later. fault.Internal when what is kept cannot be
// read, or is no token of the checkpoint beside it.
func (f Folder) Stamp(_ context.Context, id tenant.ID, size uint64, before time.Time) (*archive.Stamp, error) {
	paths, err := filepath.Glob(f.file(id) + ",*" + tokenSuffix) // no site's file has a comma or a wildcard in its name: both are escaped
	if err != nil {
		return nil, fault.As(fault.Internal, err, "listing the time stamps of %s", id)
	}
	type kept struct {
		size uint64
		path string
	}
	var all []kept
	for _, path := range paths {
		text := strings.TrimSuffix(path[strings.LastIndexByte(path, ',')+1:], tokenSuffix)
		if n, err := strconv.ParseUint(text, 10, 63); err == nil && n <= size {
			all = append(all, kept{n, strings.TrimSuffix(path, tokenSuffix)})
		}
	}
	slices.SortFunc(all, func(a, b kept) int { return cmp.Compare(b.size, a.size) })
	for _, k := range all {
		s, err := readStamp(k.path, k.size)
		if err != nil {
			return nil, fault.As(fault.Internal, err, "the time stamp kept as %s%s: take it away when it cannot be brought back", k.path, tokenSuffix)
		}
		if s.Time.Before(before) {
			return s, nil
		}
	}
	return nil, nil
}

func readStamp(path string, size uint64) (*archive.Stamp, error) {
	note, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	token, err := os.ReadFile(path + tokenSuffix)
	if err != nil {
		return nil, err
	}
	s := &archive.Stamp{Note: note, Token: token, Size: size}
	s.Time, err = stamp.Read(token, note)
	return s, err
}
