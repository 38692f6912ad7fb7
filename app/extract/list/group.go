package list

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
)

// open are the entries, those of a group ("1. Networking" with threats below it) in the group's place.
func (l listing) open() [][]*extract.Block {
	var out [][]*extract.Block
	for _, entry := range l.entries {
		if below := l.group(entry); below != nil {
			out = append(out, below...)
		} else {
			out = append(out, entry)
		}
	}
	return out
}

// below are the entries nested in one that only says "Threats:", nil when there are none.
func below(entry []*extract.Block) [][]*extract.Block {
	var out [][]*extract.Block
	for _, b := range entry[1:] {
		switch {
		case b.Kind == document.Item && b.Item == entry[0]:
			out = append(out, []*extract.Block{b})
		case len(out) == 0:
			return nil
		default:
			out[len(out)-1] = append(out[len(out)-1], b)
		}
	}
	return out
}

// group splits an entry whose own text only titles the threats nested in it; nil when it is none.
func (l listing) group(entry []*extract.Block) [][]*extract.Block {
	head := entry[0]
	if head.Role() == lexicon.Threat && len(head.Parts) > 0 && head.Passage(head.Parts[0]).Blank() {
		return below(entry)
	}
	if len(entry) < 2 || head.Role() == lexicon.Threat || head.Role() == lexicon.Mitigation || len(lexicon.Words(head.Text())) > 9 || strings.HasSuffix(head.Text(), ".") {
		return nil
	}
	var out [][]*extract.Block
	bad, good := 0, 0
	for _, b := range entry[1:] {
		if b.Kind == document.Item && b.Item == head {
			if b.Role() != lexicon.None && b.Role() != lexicon.Threat {
				return nil
			}
			if r := l.page.Reader.Read(b.Text(), prose.Range{End: len(b.Text())}); r.Threat >= 0.4 || r.Measure < 0.5 && nominal(l.page, b.Text()) {
				bad++
			} else if r.Measure >= 0.6 {
				good++
			}
			out = append(out, []*extract.Block{b})
			continue
		}
		if len(out) == 0 {
			return nil
		}
		out[len(out)-1] = append(out[len(out)-1], b)
	}
	headed := l.page.Reader.Read(head.Text(), prose.Range{End: len(head.Text())})
	if headed.Threat >= 0.4 || bad == 0 && (good == 0 || nominal(l.page, head.Text())) || bad > 0 && nominal(l.page, head.Text()) && bad <= good {
		return nil
	}
	return out
}
