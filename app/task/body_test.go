package task

import (
	"strconv"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/atlassian/confluence"
)

func TestBodies(t *testing.T) {
	page := func(id string, version, size int) confluence.Page {
		return confluence.Page{ID: id, Version: confluence.Version{Number: version}, Body: strings.Repeat("x", size)}
	}
	var b bodies
	if _, ok := b.at("acme", "1", 1); ok {
		t.Error("a page is remembered that nobody read")
	}
	b.keep("acme", page("1", 1, 10))
	b.keep("acme", page("1", 2, 20))
	if _, ok := b.at("acme", "1", 1); ok {
		t.Error("an old version is remembered")
	}
	if p, ok := b.at("acme", "1", 2); !ok || len(p.Body) != 20 || b.size != 20 {
		t.Errorf("%v, %d bytes of %d", ok, len(p.Body), b.size)
	}
	if _, ok := b.at("other", "1", 2); ok {
		t.Error("another tenant is shown the page")
	}
	b.forget("acme", "1")
	if _, ok := b.at("acme", "1", 2); ok || b.size != 0 || len(b.order) != 0 {
		t.Errorf("forgotten, but %v, %d bytes, %d pages", ok, b.size, len(b.order))
	}
	b.keep("acme", page("giant", 1, maxBodies/8+1))
	if _, ok := b.at("acme", "giant", 1); ok {
		t.Error("a giant is remembered")
	}
	for n := range 20 {
		b.keep("acme", page(strconv.Itoa(n), 1, maxBodies/10))
	}
	if _, ok := b.at("acme", "19", 1); !ok || b.size > maxBodies || len(b.order) != len(b.pages) {
		t.Errorf("the newest is there: %v; %d bytes, %d of %d pages", ok, b.size, len(b.order), len(b.pages))
	}
	if _, ok := b.at("acme", "0", 1); ok {
		t.Error("the oldest was to make room")
	}
}
