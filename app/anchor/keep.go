package anchor

import (
	"context"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// notary is the part of ledger.Notary that keeping needs.
type notary interface {
	Checkpoint(ctx context.Context, id tenant.ID, size uint64) (ledger.Checkpoint, error)
}

// Keep signs the newest checkpoint of a site and keeps it in the folder. Before anything is signed, the log must continue the one
// that is kept: fault.Conflict when it does not, and what is kept stays.
func (f Folder) Keep(ctx context.Context, n notary, id tenant.ID) (ledger.Checkpoint, error) {
	kept, err := f.Read(id)
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	if kept != nil {
		if err := f.continues(ctx, n, id, kept); err != nil {
			return ledger.Checkpoint{}, err
		}
	}
	c, err := n.Checkpoint(ctx, id, ledger.Newest)
	if err != nil || c.Size == 0 {
		return c, err
	}
	return c, f.Write(id, c)
}

func (f Folder) continues(ctx context.Context, n notary, id tenant.ID, kept []byte) error {
	claimed, err := ledger.ReadCheckpoint(kept)
	if err != nil {
		return fault.As(fault.Conflict, err, "the checkpoint kept in %s", f.file(id))
	}
	now, err := n.Checkpoint(ctx, id, claimed.Size)
	switch {
	case fault.Is(err, fault.NotFound):
		return fault.As(fault.Conflict, err, "%s is of %d entries, and the store has fewer: it is an older copy, or entries are gone. "+
			"Bring back the newer store; when there is none, move that file away: packs from before will then not be continued, which is the truth",
			f.file(id), claimed.Size)
	case err != nil:
		return err
	case now.Root != claimed.Root:
		return fault.New(fault.Conflict, "%s is not of this log: its %d entries were others, so the store was changed or is another one", f.file(id), claimed.Size)
	}
	_, err = ledger.OpenCheckpoint(kept, now.Key)
	return fault.As(fault.Conflict, err, "the checkpoint kept in %s", f.file(id))
}
