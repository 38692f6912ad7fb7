package ledger

import (
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Edge computes the root of a tree from its leaves, in order, and keeps no more than the right edge of it. The zero value is the
// empty tree.
type Edge struct {
	size  uint64
	nodes []tlog.Hash // roots of the whole subtrees that make up the tree, largest first: one for each bit of size
}

// Add appends a leaf's hash.
func (e *Edge) Add(leaf tlog.Hash) {
	for range bits.TrailingZeros64(^e.size) {
		last := len(e.nodes) - 1
		leaf = tlog.NodeHash(e.nodes[last], leaf)
		e.nodes = e.nodes[:last]
	}
	e.nodes = append(e.nodes, leaf)
	e.size++
}

// Size is how many leaves were added.
func (e *Edge) Size() uint64 { return e.size }

// Root is the root of the tree over the leaves so far.
func (e *Edge) Root() tlog.Hash {
	if e.size == 0 {
		empty, _ := tlog.TreeHash(0, nil) // reads nothing
		return empty
	}
	last := len(e.nodes) - 1
	root := e.nodes[last]
	for i := last - 1; i >= 0; i-- {
		root = tlog.NodeHash(e.nodes[i], root)
	}
	return root
}
