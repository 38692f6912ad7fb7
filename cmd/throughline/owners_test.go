package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/operate"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/trace"
)

// TestOwners asks who is answerable for what: everybody's load, and the threat of a page whose owner cannot be given tickets, with the reason.
func TestOwners(t *testing.T) {
	d := startTest(t, nil)
	reviewed(t, d)
	settled(t, d)
	owners := func(flags ...string) string {
		t.Helper()
		var out bytes.Buffer
		if code := run(t.Context(), append([]string{"owners", "--data", d.dir}, flags...), &out, &out); code != 0 {
			t.Fatalf("exit %d: %s", code, out.String())
		}
		return out.String()
	}
	if got := owners(); !strings.Contains(got, "Every threat that counts has an owner.") || !strings.Contains(got, "Kenji Mori") {
		t.Errorf("of the six pages:\n%s", got)
	}
	page, err := d.site.Confluence().Create(site.Amir, confluence.Draft{
		SpaceID: pageOf(t, d, "Checkout").SpaceID, Title: "Nobody's", OwnerID: site.Grace, Labels: []string{"design"},
		Body: "<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr><tr><td>An attacker replays parcels</td><td>Number them</td></tr></tbody></table>",
	})
	if err != nil {
		t.Fatal(err)
	}
	record(t, d, page.ID, func(r trace.Record) bool { return r.Page.PanelVersion > 0 })
	var got struct{ Sites []operate.Owners }
	if err := json.Unmarshal([]byte(owners("--json")), &got); err != nil || len(got.Sites) != 1 {
		t.Fatalf("%v: %+v", err, got)
	}
	s, all := got.Sites[0], 0
	for _, l := range s.Load {
		all += l.All
	}
	if all != 27 || len(s.Unowned) != 1 || s.Unowned[0].Page != "Nobody's" || s.Unowned[0].Ticket == "" || !strings.Contains(s.Unowned[0].Why, "the owner of the page cannot be assigned") {
		t.Errorf("27 threats are owned and one is not, told %d and %+v", all, s.Unowned)
	}
	if text := owners(); !strings.Contains(text, "/owner @somebody") || !strings.Contains(text, "replays parcels") {
		t.Errorf("the table does not show it, and what to do:\n%s", text)
	}
}
