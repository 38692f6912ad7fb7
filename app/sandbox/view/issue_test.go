package view_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/sandbox/site"
)

// act makes a person the one who looks.
func (b *browser) act(account string) {
	b.post("/-/actor", url.Values{"account": {account}, "back": {"/"}})
}

// attach sends a file as the page's form does.
func (b *browser) attach(key, name, content string) int {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = file.Write([]byte(content))
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+"/browse/"+key+"/attachments", &body)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func TestAttachments(t *testing.T) {
	b := open(t)
	b.act(site.Kenji)
	if status := b.attach("SEC-1", "<report>.html", "<script>alert(1)</script>"); status != http.StatusOK {
		t.Fatalf("attaching: status %d", status)
	}
	i, _ := b.jira.Issue("SEC-1")
	if len(i.Attachments) != 1 || i.Attachments[0].Author.AccountID != site.Kenji {
		t.Fatalf("attached are %+v", i.Attachments)
	}
	id := i.Attachments[0].ID
	b.shows("/browse/SEC-1", `<a href="/secure/attachment/`+id+`/%3creport%3e.html" download>&lt;report&gt;.html</a>`, "25 bytes, by Kenji Mori", "Attachment: <span")
	status, header, content := b.send(http.MethodGet, "/secure/attachment/"+id+"/x.html", nil, nil)
	if status != http.StatusOK || content != "<script>alert(1)</script>" || header.Get("Content-Type") != "application/octet-stream" ||
		!strings.HasPrefix(header.Get("Content-Disposition"), "attachment;") {
		t.Errorf("fetched: %d %v %q", status, header, content)
	}
	b.act(site.Grace)
	if status := b.attach("SEC-1", "a.txt", "a"); status != http.StatusForbidden {
		t.Errorf("a reader attached a file: status %d", status)
	}
	b.act(site.Kenji)
	b.post("/browse/SEC-1/attachments/"+id, url.Values{})
	if status, _ := b.get("/secure/attachment/" + id + "/x.html"); status != http.StatusNotFound {
		t.Errorf("deleted, it is still fetched: status %d", status)
	}
}

// TestRestrictedIssue: an issue with a security level is shown to its members alone.
func TestRestrictedIssue(t *testing.T) {
	b := open(t)
	b.attach("SEC-1", "plan.txt", "secret plan")
	i, _ := b.jira.Issue("SEC-1")
	file := "/secure/attachment/" + i.Attachments[0].ID + "/plan.txt"
	_, page := b.get("/browse/SEC-1")
	if strings.Contains(page, `name="level"`) {
		t.Error("somebody of no level is offered one")
	}
	b.act(site.Sofia)
	b.shows("/browse/SEC-1", `<option value="10100">Security team</option>`)
	b.post("/browse/SEC-1/security", url.Values{"level": {"10100"}})
	b.shows("/browse/SEC-1", `<option value="10100" selected>Security team</option>`, "plan.txt")
	b.shows("/projects/SEC", "/browse/SEC-1")
	b.act(site.Amir)
	if status, page := b.get("/browse/SEC-1"); status != http.StatusNotFound || !strings.Contains(page, "Amir Haddad does not see the issue SEC-1") {
		t.Errorf("who is not of the level: status %d", status)
	}
	if status, _ := b.get(file); status != http.StatusNotFound {
		t.Errorf("its file is given to who is not of the level: status %d", status)
	}
	if _, page := b.get("/projects/SEC"); strings.Contains(page, "/browse/SEC-1\"") {
		t.Error("the project lists it to who is not of the level")
	}
	b.act(site.Sofia)
	b.post("/browse/SEC-1/security", url.Values{"level": {""}})
	b.act(site.Amir)
	b.shows("/browse/SEC-1", "plan.txt")
}

func TestMoveByForm(t *testing.T) {
	b := open(t)
	b.shows("/browse/SEC-1", `<option value="PAY">Payments</option>`)
	if status, page := b.post("/browse/SEC-1/move", url.Values{"project": {"DEU"}}); status != http.StatusOK || !strings.Contains(page, "DEU-1") {
		t.Errorf("moving: status %d", status)
	}
	b.shows("/browse/SEC-1", "DEU-1", "Sicherheit", "Key: <del>SEC-1</del> → <ins>DEU-1</ins>")
}
