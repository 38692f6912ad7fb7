package seed

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
)

// FromDir reads the documents below a folder, in the order of their paths: *.xml as storage format, as it stands, and *.md
// converted to it. The title is the document's first heading of level 1, else the file's name; documents of the same title are told
// apart by a number. Every page carries the label threat-model. Hidden files and folders, and links, are passed over. Documents that
// no Confluence would take are left out and returned as errors that name them. It is an error when the folder has no document at all.
func FromDir(dir string) (pages []Page, unfit []error, err error) {
	taken := map[string]bool{}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !entry.Type().IsRegular(): // a link may lead anywhere
			return nil
		}
		kind := strings.ToLower(filepath.Ext(path))
		if kind != ".xml" && kind != ".md" {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		p := Page{File: filepath.ToSlash(name), Labels: []string{"threat-model"}, Owner: site.Amir}
		if kind == ".md" {
			p.Title, p.Body, err = FromMarkdown(bytes.TrimPrefix(source, []byte("\ufeff")))
			if err != nil {
				unfit = append(unfit, fmt.Errorf("%s: %w", path, err))
				return nil
			}
		} else {
			p.Title, p.Body = firstHeading(string(source)), string(source)
		}
		if err := confluence.CheckBody(p.Body); err != nil {
			unfit = append(unfit, fmt.Errorf("%s: %w", path, err))
			return nil
		}
		p.Title = unique(titleOr(p.Title, name), taken)
		pages = append(pages, p)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the documents below %s: %w", dir, err)
	}
	if len(pages) == 0 && len(unfit) == 0 {
		return nil, nil, fmt.Errorf("read the documents below %s: there is no *.md and no *.xml file", dir)
	}
	return pages, unfit, nil
}

// maxTitle is how long a title may be, in characters, with room for a number.
const maxTitle = 240

func titleOr(title, file string) string {
	title = strings.Join(strings.Fields(title), " ")
	if title == "" {
		base := filepath.Base(file)
		title = strings.NewReplacer("-", " ", "_", " ").Replace(strings.TrimSuffix(base, filepath.Ext(base)))
	}
	if r := []rune(title); len(r) > maxTitle {
		title = string(r[:maxTitle])
	}
	return title
}

func unique(title string, taken map[string]bool) string {
	name := title
	for n := 2; taken[strings.ToLower(name)]; n++ {
		name = fmt.Sprintf("%s (%d)", title, n)
	}
	taken[strings.ToLower(name)] = true
	return name
}

// firstHeading is the text of the first h1 of a body, empty where there is none before the body ends or breaks.
func firstHeading(body string) string {
	d := xml.NewDecoder(strings.NewReader(body))
	d.Entity = xml.HTMLEntity
	var text strings.Builder
	inside := false
	for {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		switch t := token.(type) {
		case xml.StartElement:
			inside = inside || t.Name.Local == "h1" && t.Name.Space == ""
		case xml.EndElement:
			if inside && t.Name.Local == "h1" {
				return text.String()
			}
		case xml.CharData:
			if inside {
				text.Write(t)
			}
		}
	}
}
