package anchor

import (
	"context"
	"fmt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// Place is where a site's newest checkpoint is kept.
type Place interface {
	// Read returns the kept checkpoint as it was signed; nil when there is none.
	Read(ctx context.Context, id tenant.ID) ([]byte, error)
	// Write takes the place of the kept checkpoint, whole or not at all.
	Write(ctx context.Context, id tenant.ID, c ledger.Checkpoint) error
	fmt.Stringer
}

// notary is the part of ledger.Notary that keeping needs.
type notary interface {
	Checkpoint(ctx context.Context, id tenant.ID, size uint64) (ledger.Checkpoint, error)
}

// Keep signs the newest checkpoint of a site and keeps it in a place. Before that, the log must continue the one that is kept there:
// fault.Conflict when it does not, and what is kept stays. A site without entries has nothing to keep.
func Keep(ctx context.Context, at Place, n notary, id tenant.ID) (ledger.Checkpoint, error) {
	kept, err := at.Read(ctx, id)
	if err != nil {
		return ledger.Checkpoint{}, fault.Wrap(err, "reading the checkpoint of %s in %s", id, at)
	}
	var size uint64
	if kept != nil {
		if size, err = continues(ctx, n, id, kept); err != nil {
			return ledger.Checkpoint{}, fault.Wrap(err, "the checkpoint of %s kept in %s", id, at)
		}
	}
	c, err := n.Checkpoint(ctx, id, ledger.Newest)
	if err != nil || c.Size == size {
		return c, err
	}
	return c, fault.Wrap(at.Write(ctx, id, c), "keeping the checkpoint of %s in %s", id, at)
}

// continues checks that the log continues a kept checkpoint, and returns its size.
func continues(ctx context.Context, n notary, id tenant.ID, kept []byte) (uint64, error) {
	claimed, err := ledger.ReadCheckpoint(kept)
	if err != nil {
		return 0, fault.As(fault.Conflict, err, "it cannot be read")
	}
	now, err := n.Checkpoint(ctx, id, claimed.Size)
	switch {
	case fault.Is(err, fault.NotFound):
		return 0, fault.As(fault.Conflict, err, "it is of %d entries, and the store has fewer: the store is an older copy, or entries are gone. "+
			"Bring back the newer store; when there is none, take the checkpoint away from there: packs from before will then not be continued, which is the truth",
			claimed.Size)
	case err != nil:
		return 0, err
	case now.Root != claimed.Root:
		return 0, fault.New(fault.Conflict, "its %d entries are not those of this store: the store was changed, or is another one", claimed.Size)
	}
	_, err = ledger.OpenCheckpoint(kept, now.Key)
	return claimed.Size, fault.As(fault.Conflict, err, "it is not signed by this store's key")
}
