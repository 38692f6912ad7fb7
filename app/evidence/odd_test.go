package evidence_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/xuri/excelize/v2"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/evidence/evidencetest"
	"github.com/throughline/throughline/app/evidence/typeset/typesettest"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/store"
)

// odd is what people and those who mean harm write into pages, names and comments. Seen is a part of it that a PDF must show, where it
// is text that the PDF has as text.
var odd = []struct{ name, text, seen string }{
	{"a formula", `=cmd|' /C calc'!A0`, "=cmd|' /C calc'!A0"},
	{"a link as a formula", `=HYPERLINK("http://evil.test","ok")`, "evil.test"},
	{"a sum", "+1-2", "+1-2"},
	{"at", "@SUM(A1:A9)", "@SUM"},
	{"a formula in wide signs", "＝1＋1", ""},
	{"a formula behind spaces", "  \t=1+1", "=1+1"},
	{"a formula behind a byte order mark", "\ufeff=1+1", "=1+1"},
	{"markup", `<script>alert("1")</script> & ]]> &amp;`, "<script>"},
	{"quotes, commas and lines", "one, \"two\"; 'three'\r\nfour\nfive", "four"},
	{"from right to left", "مهاجم يخمن كلمات المرور", ""},
	{"turned around", "safe\u202egpj.exe", "safegpj.exe"},
	{"Hindi", "हमलावर पासवर्ड का अनुमान लगाता है", ""},
	{"Thai", "ผู้โจมตีเดารหัสผ่าน", ""},
	{"Amharic", "አጥቂው የይለፍ ቃሉን ይገምታል", "አጥቂው"},
	{"Chinese", "攻击者猜测密码", "攻击者"},
	{"emoji", "🔥 token 👩🏽\u200d💻 leaks", ""},
	{"control characters", "a\x00b\x01\x1b[31mc\x7f\u0085d", "ab[31mc"},
	{"no characters", "x\ufffe\uffffy", ""},
	{"not UTF-8", "x\xff\xfey", ""},
	{"half of a surrogate pair", "x\xed\xa0\x80y", ""},
	{"of no width", "pay\u200bpal\u2060\u200d", "paypal"},
	{"an escape of Excel's", "_x0041__x000D_", "_x0041__x000D_"},
	{"very long", strings.Repeat("A quote that does not end. ", 400), "A quote that does not end."},
	{"longer than a cell", strings.Repeat("漢字🔥", 20_000), "漢字"},
	{"one long word", strings.Repeat("w", 10_000), "wwww"},
	{"white space around it", " \u00a0 padded \u2028 ", "padded"},
	{"nothing but white space", " \t ", ""},
	{"nothing", "", ""},
}

// oddEntries are the lives of one threat each, with the text wherever people's text goes.
func oddEntries() []ledger.Entry {
	var out []ledger.Entry
	for i, o := range odd {
		page, id := fmt.Sprint(100+i), fmt.Sprintf("T-ODD%05d", i)
		now := evidencetest.Begin.Add(time.Duration(i) * time.Hour)
		add := func(kind ledger.Kind, threat, by string, fact any) {
			out = append(out, ledger.Entry{Kind: kind, Page: page, Threat: threat, Version: 1, By: by, Occurred: now, Observed: now, Data: ledger.Encode(fact)})
		}
		add(ledger.Reviewed, "", "ada", ledger.PageFact{Title: o.text, Space: o.text, URL: "https://acme.test/wiki/" + page + "?a=1&b=2", Labels: []string{o.text}, Engine: "engine 1", Found: 1, New: 1})
		text := threat.Text{
			Title: o.text, Statement: o.text, Quote: o.text, Section: []string{o.text, o.text}, Element: o.text, Origin: threat.Stated, Severity: threat.High,
			STRIDE: []threat.STRIDE{threat.Spoofing}, Mitigations: []threat.Mitigation{{Quote: o.text}, {Quote: o.text}}, CWE: []string{o.text},
		}
		criteria := []threat.Criterion{{Framework: "soc2-tsc-2017", ID: "CC6.1", By: "mapping@2"}}
		add(ledger.Stated, id, "ada", ledger.TextFact{Text: text, Criteria: criteria})
		add(ledger.Moved, id, "ada", ledger.MoveFact{To: threat.Open, Why: o.text})
		add(ledger.Owned, id, "", ledger.OwnerFact{Owner: threat.Owner{Account: "557058:" + id, Name: o.text, Reason: o.text}})
		key := fmt.Sprintf("SEC-%d", i+1)
		add(ledger.Filed, id, "", ledger.TicketFact{Ticket: threat.Ticket{ID: fmt.Sprint(i), Key: key, URL: "https://acme.test/browse/" + key, Status: o.text, Category: threat.Done, Resolution: o.text}})
		add(ledger.Commanded, id, "berk", ledger.CommandFact{Issue: key, Comment: "9", Text: o.text, Refused: o.text})
		add(ledger.RiskAccepted, id, "berk", ledger.AcceptedFact{Acceptance: threat.Acceptance{
			Until: "2026-12-31", Reason: o.text, At: threat.Moment{Occurred: now, Observed: now, By: "berk", Version: 1},
		}})
		add(ledger.Moved, id, "berk", ledger.MoveFact{From: threat.Open, To: threat.Accepted, Why: o.text})
		add(ledger.Verified, id, "557058:"+id, ledger.VerifiedFact{Verification: threat.Verification{
			Note: o.text, Waived: []string{o.text}, Links: []threat.Proof{{Kind: "run", Name: o.text, URL: "https://ci.test/" + o.text}},
			At: threat.Moment{Occurred: now, Observed: now, By: "557058:" + id, Version: 1},
		}})
		add(ledger.Weighed, id, "berk", ledger.CriteriaFact{Was: criteria, Criteria: criteria, Why: o.text})
		add(ledger.ReviewFailed, "", "ada", ledger.PageFact{Title: o.text, Failed: o.text})
	}
	return out
}

// TestOddText: whatever people write comes through every format of a pack, as it is where the format can hold it, and harmless.
func TestOddText(t *testing.T) {
	s := filled(t, 0)
	commit(t, s, oddEntries())
	q := half()
	q.Sample = len(odd)
	pack, made := build(t, s, q, nil)
	if made.Threats != len(odd) {
		t.Fatalf("%d threats of %d", made.Threats, len(odd))
	}
	in := files(t, pack)
	t.Run("JSON", func(t *testing.T) { oddJSON(t, in) })
	t.Run("CSV", func(t *testing.T) { oddCSV(t, in) })
	t.Run("XLSX", func(t *testing.T) { oddXLSX(t, in["register.xlsx"]) })
	t.Run("PDF", func(t *testing.T) { oddPDF(t, in["summary.pdf"]) })
	t.Run("OSCAL", func(t *testing.T) { oddOSCAL(t, in) })
	for _, format := range []evidence.Format{evidence.CSV, evidence.JSON} {
		t.Run("one file as "+string(format), func(t *testing.T) { oddFlat(t, s, q, format) })
	}
}

// whole is a text as JSON, and so the ledger, can hold it.
func whole(text string) string { return string([]rune(text)) }

// shown is a text as a spreadsheet's formats can hold it: lines end one way, and what is no character is marked.
func shown(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(whole(text))
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || r == 0xfffe || r == 0xffff) {
			return '\ufffd'
		}
		return r
	}, text)
}

// armed reports a cell that a spreadsheet would take for a formula.
func armed(cell string) bool {
	trimmed := strings.TrimLeft(cell, " \u00a0\u3000\ufeff\t\r\n")
	return trimmed != "" && strings.ContainsAny(trimmed[:1], "=+-@") || strings.HasPrefix(trimmed, "＝")
}

func oddJSON(t *testing.T, in map[string][]byte) {
	schema := compile(t, "schema.json", in["schema.json"])
	for _, table := range evidence.Tables() {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(in[table.Name+".json"]))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Error(err)
		}
	}
	var threats struct {
		Rows []struct {
			Threat, Title, Quote, Element, Page string
			OwnerName                           string `json:"owner_name"`
			Mitigations                         []string
		}
	}
	if err := json.Unmarshal(in["threats.json"], &threats); err != nil {
		t.Fatal(err)
	}
	for i, row := range threats.Rows {
		for what, got := range map[string]string{"title": row.Title, "quote": row.Quote, "element": row.Element, "page": row.Page, "name": row.OwnerName, "mitigation": row.Mitigations[1]} {
			if want := whole(odd[i].text); got != want {
				t.Errorf("%s: the %s is %.80q, want %.80q", odd[i].name, what, got, want)
			}
		}
	}
}

func oddCSV(t *testing.T, in map[string][]byte) {
	for _, table := range evidence.Tables() {
		data := in[table.Name+".csv"]
		if !utf8.Valid(data) || bytes.ContainsRune(data, 0) {
			t.Errorf("%s.csv is no text", table.Name)
		}
		for _, row := range records(t, data) {
			for column, cell := range row {
				if armed(cell) {
					t.Errorf("%s.csv: a formula in %s: %.80q", table.Name, column, cell)
				}
			}
		}
	}
	for i, row := range records(t, in["threats.csv"]) {
		for _, column := range []string{"title", "quote", "owner_name", "element", "page"} {
			if got, want := row[column], shown(odd[i].text); got != want && got != "'"+want {
				t.Errorf("%s: the %s is %.80q, want %.80q", odd[i].name, column, got, want)
			}
		}
	}
}

func oddXLSX(t *testing.T, data []byte) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		part, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(part); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s is not well-formed: %v", f.Name, err)
				break
			}
		}
	}
	book, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for _, sheet := range book.GetSheetList() {
		rows, err := book.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			for j, cell := range row {
				at, _ := excelize.CoordinatesToCellName(j+1, i+1)
				formula, _ := book.GetCellFormula(sheet, at)
				if armed(cell) || formula != "" && !strings.HasPrefix(formula, `HYPERLINK("https://acme.test/`) && !strings.HasPrefix(formula, `HYPERLINK("#'`) {
					t.Errorf("%s!%s: a formula: %.80q %.80q", sheet, at, cell, formula)
				}
			}
			if sheet != "Threats" || i == 0 {
				continue
			}
			want := shown(odd[i-1].text)
			got := append(row, make([]string, 32)...)[1]
			if cut, ok := strings.CutSuffix(got, "… (cut: the CSV and JSON files have all of it)"); ok {
				if n := len(utf16.Encode([]rune(got))); n > 32_767 || n < 32_700 || !strings.HasPrefix(want, cut) {
					t.Errorf("%s: cut to %d units", odd[i-1].name, n)
				}
			} else if got != want && got != "'"+want {
				t.Errorf("%s: the title is %.80q, want %.80q", odd[i-1].name, got, want)
			}
		}
	}
}

func oddPDF(t *testing.T, data []byte) {
	content := typesettest.Content(t, data)
	content = regexp.MustCompile(`\\([()\\])`).ReplaceAll(content, []byte("$1"))
	for _, o := range odd {
		if o.seen == "" {
			continue
		}
		var want []byte
		for _, unit := range utf16.Encode([]rune(o.seen)) {
			want = binary.BigEndian.AppendUint16(want, unit)
		}
		if !bytes.Contains(content, want) {
			t.Errorf("%s: %q is on no page", o.name, o.seen)
		}
	}
}

func oddOSCAL(t *testing.T, in map[string][]byte) {
	for file, contract := range map[string]string{
		"oscal/assessment-results.json": "oscal_assessment-results_schema-1.2.1.json", "oscal/poam.json": "oscal_poam_schema-1.2.1.json",
	} {
		schema, err := os.ReadFile(contracttest.Path(t, "contracts", "oscal", contract))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(in[file]))
		if err != nil {
			t.Fatal(err)
		}
		if err := compile(t, contract, schema).Validate(doc); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	var results struct {
		Results struct {
			Results []struct {
				Risks []struct{ Title, Description string }
			}
		} `json:"assessment-results"`
	}
	if err := json.Unmarshal(in["oscal/assessment-results.json"], &results); err != nil {
		t.Fatal(err)
	}
	for i, r := range results.Results.Results[0].Risks {
		if want := strings.TrimSpace(whole(odd[i].text)); want != "" && r.Description != want {
			t.Errorf("%s: described as %.80q, want %.80q", odd[i].name, r.Description, want)
		}
	}
}

func oddFlat(t *testing.T, s store.Store, q evidence.Query, format evidence.Format) {
	if err := q.Check(date(12, 1)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	n, err := evidence.Flat(t.Context(), &out, format, &evidence.Walk{Log: s, Tenant: site, Until: q.AsOf}, q)
	if err != nil || n != len(odd) {
		t.Fatalf("%d threats, %v", n, err)
	}
	if format == evidence.JSON {
		if !json.Valid(out.Bytes()) {
			t.Error("no JSON")
		}
		return
	}
	titles := map[string]string{}
	for _, row := range records(t, out.Bytes()) {
		titles[row["threat"]] = row["title"]
		for column, cell := range row {
			if armed(cell) || strings.ContainsRune(cell, 0) {
				t.Errorf("%s: %.80q", column, cell)
			}
		}
	}
	for i, o := range odd {
		if got, want := titles[fmt.Sprintf("T-ODD%05d", i)], shown(o.text); got != want && got != "'"+want {
			t.Errorf("%s: the title is %.80q, want %.80q", o.name, got, want)
		}
	}
}
