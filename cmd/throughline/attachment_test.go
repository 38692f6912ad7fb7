package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/threat"
)

// TestAttachmentIsEvidence verifies a threat by a report that somebody attached, through each door: what the verification rests on stays, with who
// attached it and when, in each format of the evidence, after the file and the comment are gone.
func TestAttachmentIsEvidence(t *testing.T) {
	doors := map[string]func(*demoOptions){
		"Connect": nil, "Forge": byForge, "service account": byAccount(accountDoor), "Data Center": byAccount(dataCenterDoor),
	}
	for name, door := range doors {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := startTest(t, door)
			reviewed(t, d)
			l := lives(t, d)[0]
			l.done(site.Kenji)
			l.state(threat.Mitigated)
			jira := d.site.Jira()
			l.do(jira.Attach(site.Amir, l.key, "report.pdf", []byte("an older one")))
			l.do(jira.Attach(site.Lucia, l.key, "old-report.pdf", []byte("another")))
			l.do(jira.Attach(site.Lucia, l.key, "report.pdf", []byte("found nothing")))
			issue, _ := jira.Issue(l.key)
			file := issue.Attachments[2]

			// A file that is not there is nothing that a verification rests on, and who meant it is told.
			_, answer := l.says(site.Sofia, "/verify see raport.pdf")
			if !strings.Contains(answer, "is verified for version") || !strings.Contains(answer, "no attachment called “raport.pdf”") || strings.Contains(answer, "with 1 attachment") {
				t.Errorf("naming a file that is not there was answered %q", answer)
			}
			if v := l.state(threat.Verified).Verification; len(v.Links) > 0 {
				t.Errorf("it rests on %+v", v.Links)
			}

			id, answer := l.says(site.Sofia, "/verify see report.pdf")
			if !strings.Contains(answer, "is verified for version") || !strings.Contains(answer, "with 1 attachment") || strings.Contains(answer, "no attachment") {
				t.Errorf("naming the report was answered %q", answer)
			}
			got := l.until("verified by the report", func(th threat.Threat) bool { return th.Verification.Comment == id })
			base := d.site.BaseURL()
			if d.site.DataCenter() {
				base = d.site.JiraURL()
			}
			address := base + "/rest/api/2/attachment/content/" + file.ID
			if d.site.DataCenter() {
				address = base + "/secure/attachment/" + file.ID + "/report.pdf"
			}
			want := []threat.Proof{{Kind: "attachment", URL: address, Name: "report.pdf", By: l.account(site.Lucia), At: file.Created.Truncate(time.Millisecond), Size: 13}}
			if diff := cmp.Diff(want, got.Verification.Links); diff != "" {
				t.Errorf("it rests on (-want +got):\n%s", diff)
			}

			l.do(jira.Detach(site.Lucia, file.ID))
			l.do(jira.DeleteComment(site.Sofia, l.key, id))
			l.noted(1)
			settled(t, d)
			if th := l.threat(); th.State != threat.Verified || cmp.Diff(want, th.Verification.Links) != "" {
				t.Errorf("after the file was deleted, it is %s by %+v", th.State, th.Verification)
			}
			rests := fmt.Sprintf("report.pdf (13 bytes, attached by %s at %s) %s", l.account(site.Lucia), file.Created.UTC().Format(time.RFC3339), address)
			l.verifications("", rests, l.account(site.Sofia), got.Last)
			if out := l.export(); out.Verification == nil || cmp.Diff(want, out.Verification.Links) != "" || out.Verification.At.Version != got.Last {
				t.Errorf("JSON: %+v", out.Verification)
			}
		})
	}
}

// verifications holds that a pack's verifications, in each of their formats, have both of a threat's: the first, and the second with what it rests on.
func (l *life) verifications(first, second, by string, version int) {
	l.Helper()
	pack := l.pack()
	want := [][]string{{first, by, fmt.Sprint(version)}, {second, by, fmt.Sprint(version)}}

	l.same("CSV", want, rowsOf(l.T, pack, "verifications.csv"), "threat", "evidence", "by", "page_version")

	var table struct{ Rows []map[string]any }
	if err := json.Unmarshal(inPack(l.T, pack, "verifications.json"), &table); err != nil {
		l.Fatal(err)
	}
	head := []string{"threat", "evidence", "by", "page_version"}
	listed := [][]string{head}
	for _, r := range table.Rows {
		var evidence []string
		for _, e := range r["evidence"].([]any) {
			evidence = append(evidence, e.(string))
		}
		listed = append(listed, []string{fmt.Sprint(r["threat"]), strings.Join(evidence, "; "), fmt.Sprint(r["by"]), fmt.Sprint(r["page_version"])})
	}
	l.same("JSON", want, listed, head...)

	book, err := excelize.OpenReader(bytes.NewReader(inPack(l.T, pack, "register.xlsx")))
	if err != nil {
		l.Fatal(err)
	}
	defer book.Close()
	sheet, err := book.GetRows("Verifications")
	if err != nil {
		l.Fatal(err)
	}
	l.same("XLSX", want, sheet, "Threat", "Evidence", "By", "Page version")
}

// pack exports everything, and returns the pack's name.
func (l *life) pack() string {
	l.Helper()
	name := filepath.Join(l.TempDir(), "pack.zip")
	does(l.T, "export", "--data", l.d.dir, "--to", "2999-01-01", "--out", name)
	return name
}

// rowsOf are the rows of a table of a pack, the head first.
func rowsOf(t *testing.T, pack, table string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(inPack(t, pack, table))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// same compares some columns of a threat's rows. The first of them names the threat; the head is the first row that has it.
func (l *life) same(format string, want, rows [][]string, columns ...string) {
	l.Helper()
	var at []int
	var got [][]string
	for _, row := range rows {
		if at == nil {
			if slices.Contains(row, columns[0]) {
				for _, c := range columns {
					at = append(at, slices.Index(row, c))
				}
				if slices.Contains(at, -1) {
					l.Fatalf("%s has not all of the columns %q: %q", format, columns, row)
				}
			}
			continue
		}
		if row[at[0]] != string(l.id) {
			continue
		}
		var cells []string
		for _, i := range at[1:] {
			cells = append(cells, row[i])
		}
		got = append(got, cells)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		l.Errorf("%s (-want +got):\n%s", format, diff)
	}
}
