package document

// Arena hands out nodes and child lists from large pieces: a page has many of them, and they live and die together. The zero
// Arena is ready; it belongs to one parse.
type Arena struct {
	nodes []Node
	lists []*Node
	count int
}

const (
	smallPiece = 64
	largePiece = 2048
)

// Node gives a zero node.
func (a *Arena) Node() *Node {
	if len(a.nodes) == cap(a.nodes) {
		a.nodes = make([]Node, 0, min(largePiece, max(smallPiece, a.count)))
	}
	a.nodes = a.nodes[:len(a.nodes)+1]
	a.count++
	return &a.nodes[len(a.nodes)-1]
}

// List copies children; the copy has no room to grow, so that an append never runs into the next list.
func (a *Arena) List(children []*Node) []*Node {
	n := len(children)
	if n == 0 {
		return nil
	}
	if cap(a.lists)-len(a.lists) < n {
		a.lists = make([]*Node, 0, max(n, min(largePiece, max(smallPiece, a.count))))
	}
	start := len(a.lists)
	a.lists = append(a.lists, children...)
	return a.lists[start : start+n : start+n]
}

// Full reports whether NodeLimit is passed.
func (a *Arena) Full() bool { return a.count > NodeLimit }
