package storage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/fault"
)

// The region is the one part of a body that this program writes: the panel, a "details" macro whose parameter "id" is
// RegionID. Where it was put is kept in it as a parameter, since Confluence keeps parameters when somebody edits the page:
//
//	(none)   appended at the end of the body
//	section  appended to a body that is one layout, in a section of its own. Confluence keeps all content of such a page in
//	         sections, and its editor moves what stands outside of them
//	author   put in the place of an empty macro of an author
const (
	placeParameter = "placed"
	placeSection   = "section"
	placeAuthor    = "author"

	sectionOpen  = `<ac:layout-section ac:type="single"><ac:layout-cell>`
	sectionClose = `</ac:layout-cell></ac:layout-section>`
	emptyRegion  = `<ac:structured-macro ac:name="details" ac:schema-version="1"><ac:parameter ac:name="id">` + RegionID +
		`</ac:parameter><ac:rich-text-body><p /></ac:rich-text-body></ac:structured-macro>`
)

// FindRegion finds the region of a body, with the layout section that was made for it; false when the body has none. Of
// several, copied by hand, it is the first. The error is Parse's.
func FindRegion(body []byte) (document.Span, bool, error) {
	s, err := survey(body)
	if err != nil {
		return document.Span{}, false, err
	}
	return s.region.whole, s.region.found, nil
}

// Splice puts a region into a body: in the place of the region it has, or of an author's empty macro with that id, else at
// the end. No byte outside is touched. region is a details macro with the parameter id = RegionID and nothing around it;
// anything else gives a fault.Invalid error, as does a body that Parse refuses.
func Splice(body, region []byte) ([]byte, error) {
	in, err := survey(region)
	if err != nil {
		return nil, fault.Wrap(err, "splice the region: it is not well-formed")
	}
	if !in.region.found || in.region.macro != (document.Span{End: len(region)}) {
		return nil, fault.New(fault.Invalid, "splice the region: it is not one details macro with the id %q", RegionID)
	}
	at, err := survey(body)
	if err != nil {
		return nil, fault.Wrap(err, "splice into the body")
	}
	switch r := at.region; {
	case r.found && r.empty && r.place == "":
		return replace(body, r.macro, placed(region, in.region.inner, placeAuthor)), nil
	case r.found:
		return replace(body, r.macro, placed(region, in.region.inner, r.place)), nil
	case at.layoutEnd >= 0:
		section := slices.Concat([]byte(sectionOpen), placed(region, in.region.inner, placeSection), []byte(sectionClose))
		return replace(body, document.Span{Start: at.layoutEnd, End: at.layoutEnd}, section), nil
	default:
		return slices.Concat(body, region), nil
	}
}

// Remove takes the region out of a body, and with it the layout section that was made for it. Where an author had put an
// empty macro, one is left, so that a later Splice finds the place again. A body without a region comes back as it is.
func Remove(body []byte) ([]byte, error) {
	s, err := survey(body)
	if err != nil {
		return nil, fault.Wrap(err, "remove the region from the body")
	}
	switch r := s.region; {
	case !r.found || r.empty && r.place == "":
		return slices.Clone(body), nil
	case r.place == placeAuthor:
		return replace(body, r.macro, []byte(emptyRegion)), nil
	default:
		return replace(body, r.whole, nil), nil
	}
}

// HashOutside is the SHA-256, in hex, of the bytes of a body outside of its region: of all bytes where it has none or does
// not parse. Splice and Remove leave it as it is.
func HashOutside(body []byte) string {
	h := sha256.New()
	if s, err := survey(body); err == nil && s.region.found {
		h.Write(body[:s.region.whole.Start])
		h.Write(body[s.region.whole.End:])
	} else {
		h.Write(body)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// placed writes a region's place into it, behind its start tag.
func placed(region []byte, inner int, place string) []byte {
	if place == "" {
		return region
	}
	parameter := `<ac:parameter ac:name="` + placeParameter + `">` + Escape(place) + `</ac:parameter>`
	return slices.Concat(region[:inner], []byte(parameter), region[inner:])
}

func replace(body []byte, s document.Span, by []byte) []byte {
	return bytes.Join([][]byte{body[:s.Start], by, body[s.End:]}, nil)
}
