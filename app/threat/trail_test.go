package threat

import (
	"testing"
	"time"
)

func TestTrailTakesEachStepOnce(t *testing.T) {
	var tr Trail
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for id := int64(200); id > 0; id -= 2 { // far more than are remembered one by one, and backwards
		tr.Take(Step{ID: id, At: at})
		tr.Take(Step{ID: id, At: at})
	}
	if len(tr.Since) != keptSteps || tr.Last() != 200 {
		t.Errorf("%d steps are remembered, the last %d", len(tr.Since), tr.Last())
	}
	for id := int64(2); id <= 200; id += 2 {
		if !tr.Has(Step{ID: id, At: at}) {
			t.Errorf("step %d is forgotten", id)
		}
	}
	if tr.Has(Step{ID: 199, At: at}) {
		t.Error("a step that nobody told of is known")
	}
	tr.Close()
	if !tr.Has(Step{ID: 199, At: at}) || tr.Has(Step{ID: 201, At: at}) || tr.Last() != 200 {
		t.Errorf("after its history was read whole: %+v", tr)
	}
}

func TestTrailBeginsWithItsTicket(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	bound := Threat{Ticket: &Ticket{Updated: noon}}.Follow()
	if !bound.Has(Step{ID: 1, At: noon}) || bound.Has(Step{ID: 2, At: noon.Add(time.Millisecond)}) {
		t.Error("what was before the ticket became the threat's is news, or what came after it is not")
	}
	if fresh := (Threat{Ticket: &Ticket{}}).Follow(); fresh.Has(Step{ID: 1, At: noon}) {
		t.Error("the first step of a ticket that was filed is not news")
	}
	kept := Threat{Trail: &Trail{Since: []int64{1}}}
	copied := kept.Follow()
	copied.Take(Step{ID: 5})
	if len(kept.Trail.Since) != 1 {
		t.Error("the trail that was read changed")
	}
}

func TestTrailHears(t *testing.T) {
	var tr Trail
	for n := range int64(keptHeard + 10) {
		tr.Hear(Heard{Comment: n + 1, Text: "/verify x"})
	}
	if !tr.Knows(1) || !tr.Knows(keptHeard+10) || tr.Knows(keptHeard+11) || tr.Forgotten != 10 {
		t.Errorf("%d are remembered, up to %d forgotten", len(tr.Heard), tr.Forgotten)
	}
	if tr.Alter(Heard{Comment: 1}) {
		t.Error("what became of a comment that is not remembered is noted")
	}
	if is, ok := tr.Says(keptHeard); !ok || is.Text != "/verify x" {
		t.Errorf("it says %+v", is)
	}
}

func TestFollows(t *testing.T) {
	ticket := Ticket{Key: "SEC-1", Status: "Doing", StatusID: "3", Assignee: "mira", Resolution: "", Due: "2026-03-01"}
	step := func(c Change) Step { return Step{ID: 1, Changes: []Change{c}} }
	tests := []struct {
		name   string
		ticket Ticket
		change Change
		want   bool
	}{
		{"from where it is", ticket, Change{Field: FieldStatus, From: "3", FromName: "In Arbeit"}, true},
		{"from elsewhere", ticket, Change{Field: FieldStatus, From: "4", FromName: "Doing"}, false},
		{"by its name, where there is no id", Ticket{Status: "Doing"}, Change{Field: FieldStatus, From: "3", FromName: "Doing"}, true},
		{"by another name", Ticket{Status: "Doing"}, Change{Field: FieldStatus, From: "3", FromName: "Review"}, false},
		{"its status is not known", Ticket{}, Change{Field: FieldStatus, From: "3", FromName: "Doing"}, false},
		{"from whom it is assigned to", ticket, Change{Field: FieldAssignee, From: "mira", To: "tom"}, true},
		{"from somebody else", ticket, Change{Field: FieldAssignee, From: "ann", To: "tom"}, false},
		{"resolved", ticket, Change{Field: FieldResolution, ToName: "Done"}, true},
		{"resolved otherwise", ticket, Change{Field: FieldResolution, FromName: "Won't Do", ToName: "Done"}, false},
		{"moved", ticket, Change{Field: FieldKey, FromName: "SEC-1", ToName: "OPS-1"}, true},
		{"moved from elsewhere", ticket, Change{Field: FieldKey, FromName: "DEV-1", ToName: "OPS-1"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.ticket.Follows(step(tt.change)); got != tt.want {
				t.Errorf("Follows() = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAfter(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	got := Ticket{Key: "SEC-1", URL: "https://x.test/browse/SEC-1", Category: Doing, Updated: noon}.After(Step{ID: 1, By: "ann", At: noon.Add(time.Hour), Category: Done, Changes: []Change{
		{Field: FieldStatus, To: "6", ToName: "Fertig"},
		{Field: FieldResolution, ToName: "Erledigt"},
		{Field: FieldDue, To: "2026-04-01", ToName: "2026-04-01 00:00:00.0"},
		{Field: FieldKey, FromName: "SEC-1", ToName: "OPS-7"},
		{Field: FieldAssignee, To: "tom"},
	}})
	want := Ticket{
		Key: "OPS-7", URL: "https://x.test/browse/OPS-7", Status: "Fertig", StatusID: "6", Category: Done, Resolution: "Erledigt", Due: "2026-04-01",
		Assignee: "tom", DoneBy: "ann", DoneAt: noon.Add(time.Hour), Updated: noon.Add(time.Hour),
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if late := want.After(Step{At: noon, Changes: []Change{{Field: FieldDue, FromName: "2026-04-01"}}}); late.Due != "" || !late.Updated.Equal(want.Updated) {
		t.Errorf("without a due date: %+v", late)
	}
}
