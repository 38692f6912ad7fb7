package bolt

import "testing"

func TestStretch(t *testing.T) {
	page := make([]byte, 64<<10)
	var r stretch
	if r.bytes() != nil {
		t.Error("nothing was read, and there is a stretch")
	}
	r.read(nil)
	r.read(page[300:400])
	r.read(page[100:200])
	r.read(page[150:160])
	got := r.bytes()
	if len(got) != 300 || &got[0] != &page[100] {
		t.Errorf("the stretch has %d bytes, want the 300 from 100 on", len(got))
	}
	far := make([]byte, widest+1)
	r = stretch{}
	r.read(far[:1])
	r.read(far[widest:])
	if r.bytes() != nil {
		t.Error("a stretch that is too wide would be given back")
	}
}
