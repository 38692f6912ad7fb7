package storage_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/documenttest"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/fault"
)

var seeds = []string{
	"", "text", "<p>a &amp; b&nbsp;&hellip;</p>", "<p>a<br/>b</p>", "<p", "<p a='1' b=\"2\"/>", "</p>", "<p></q>", "<!-- c --><p/>", "<!DOCTYPE x>",
	"<?xml version=\"1.0\"?><p/>", "&#x41;&#0;", "<p>]]></p>", "<![CDATA[ <b> ]]>", "<a:b:c/>", "<table><tbody><tr><th>A</th><td colspan=\"2\">x</td></tr></tbody></table>",
	`<ac:structured-macro ac:name="status"><ac:parameter ac:name="colour">Red</ac:parameter><ac:parameter ac:name="title">HIGH</ac:parameter></ac:structured-macro>`,
	`<ac:structured-macro ac:name="expand"><ac:rich-text-body><p>x</p></ac:rich-text-body><ac:parameter ac:name="title">late &lt; title</ac:parameter></ac:structured-macro>`,
	`<ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[a]]]]><![CDATA[>b]]></ac:plain-text-body></ac:structured-macro>`,
	`<ac:structured-macro ac:name="x"><ac:rich-text-body>r</ac:rich-text-body><ac:plain-text-body>p</ac:plain-text-body><ac:parameter ac:name="title"/></ac:structured-macro>`,
	`<ac:link ac:anchor="a"><ri:page ri:content-title="T"/><ac:link-body>b</ac:link-body></ac:link><ac:link><ri:user ri:account-id="u"/></ac:link>`,
	`<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>x</ac:task-body></ac:task></ac:task-list>`,
	`<ac:adf-extension><ac:adf-node type="panel"><ac:adf-content><p>x</p></ac:adf-content></ac:adf-node><ac:adf-fallback><p>x</p></ac:adf-fallback></ac:adf-extension>`,
	`<ac:layout><ac:layout-section><ac:layout-cell>x</ac:layout-cell></ac:layout-section></ac:layout>`,
	empty, panel("x"), marked("x", "section"), marked("x", "author"), `<time datetime="2026-01-01"/><ac:image ac:alt="a"><ri:url ri:value="u"/></ac:image>`,
}

// FuzzParse: no input panics, what is refused is Invalid, and every tree keeps the rules of trees.
func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		storage.Text(string(body))
		d, err := storage.Parse(body)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("Parse: %v is not Invalid", err)
			}
			return
		}
		if err := documenttest.CheckTree(d); err != nil {
			t.Error(err)
		}
		document.NewOutline(d.Root).Path(len(body) / 2)
	})
}

// FuzzSplice: whatever parses can be spliced into, and what was there comes back.
func FuzzSplice(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, found, err := storage.FindRegion(body)
		if _, parse := storage.Parse(body); (err == nil) != (parse == nil) && !strings.Contains(parse.Error(), "pieces") {
			t.Fatalf("FindRegion gives %v where Parse gives %v", err, parse)
		}
		switch {
		case err != nil:
			if _, err := storage.Splice(body, []byte(panel("x"))); !fault.Is(err, fault.Invalid) {
				t.Errorf("Splice: %v is not Invalid", err)
			}
		case !found:
			checkReversible(t, body)
		default: // the region was there before: what is outside stays, and the state after Remove is a fixed point
			spliced, err := storage.Splice(body, []byte(panel("x")))
			if err != nil {
				t.Fatal(err)
			}
			if storage.HashOutside(spliced) != storage.HashOutside(body) {
				t.Error("bytes outside of the region changed")
			}
			if _, err := storage.Remove(spliced); err != nil {
				t.Error(err)
			}
		}
	})
}

// FuzzAgainstXML: Parse accepts what encoding/xml accepts and refuses what it refuses, but for what is named below.
func FuzzAgainstXML(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, err := storage.Parse(body)
		reference := wellFormed(body)
		if (err == nil) == (reference == nil) {
			return
		}
		switch {
		case err != nil && strings.Contains(err.Error(), "a declaration"): // refused on purpose
		case err != nil && strings.Contains(err.Error(), "stands twice"): // not well-formed by XML 1.0, 3.1
		case err != nil && strings.Contains(err.Error(), "more than"): // a limit
		case !isCharacters(body): // refused wherever it stands, in comments too
		case reference != nil && strings.Contains(reference.Error(), "character entity"): // it knows fewer names than HTML has
		case bytes.Contains(body, []byte("<?")): // it looks into the XML declaration
		case bytes.ContainsFunc(body, func(r rune) bool { return r >= 0x80 }): // names by another edition of XML
		default:
			t.Errorf("%q: Parse gives %v, encoding/xml %v", body, err, reference)
		}
	})
}

// isCharacters reports whether a body is UTF-8 and has only characters that XML allows.
func isCharacters(body []byte) bool {
	return utf8.Valid(body) && !bytes.ContainsFunc(body, func(r rune) bool { return !document.IsCharacter(r) })
}

// wellFormed asks encoding/xml.
func wellFormed(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Entity = xml.HTMLEntity
	var open []xml.Name
	for {
		t, err := d.RawToken()
		switch {
		case errors.Is(err, io.EOF) && len(open) == 0:
			return nil
		case err != nil:
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			open = append(open, t.Name)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != t.Name {
				return errors.New("unbalanced")
			}
			open = open[:len(open)-1]
		}
	}
}

func TestCorpusAgainstXML(t *testing.T) {
	for name, body := range corpus(t) {
		for _, cut := range []int{0, len(body) / 3, len(body) - 1} { // whole, and from places where it is mostly not well-formed
			part := body[cut:]
			_, err := storage.Parse(part)
			if reference := wellFormed(part); (err == nil) != (reference == nil) {
				t.Errorf("%s from %d: Parse gives %v, encoding/xml %v", name, cut, err, reference)
			}
		}
	}
}
