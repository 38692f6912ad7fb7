package storage

import "github.com/throughline/throughline/app/document"

// arena hands out nodes and child lists from large pieces: a page has many of them, and they live and die together.
type arena struct {
	nodes []document.Node
	lists []*document.Node
	count int
}

const (
	smallPiece = 64
	largePiece = 2048
)

func (a *arena) node() *document.Node {
	if len(a.nodes) == cap(a.nodes) {
		a.nodes = make([]document.Node, 0, min(largePiece, max(smallPiece, a.count)))
	}
	a.nodes = a.nodes[:len(a.nodes)+1]
	a.count++
	return &a.nodes[len(a.nodes)-1]
}

// list copies children; the copy has no room to grow, so that an append never runs into the next list.
func (a *arena) list(children []*document.Node) []*document.Node {
	n := len(children)
	if n == 0 {
		return nil
	}
	if cap(a.lists)-len(a.lists) < n {
		a.lists = make([]*document.Node, 0, max(n, min(largePiece, max(smallPiece, a.count))))
	}
	start := len(a.lists)
	a.lists = append(a.lists, children...)
	return a.lists[start : start+n : start+n]
}
