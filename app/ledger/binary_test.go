package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/fault"
)

func TestEntriesAsBytes(t *testing.T) {
	at := time.Date(2026, 11, 28, 9, 15, 30, 123456789, time.FixedZone("CET", 3600))
	tests := []struct {
		name string
		in   Entry
	}{
		{"nothing", Entry{}},
		{"all", Entry{
			Seq: 1 << 40, Kind: Moved, Page: "98310", Threat: "T-3K7QX2ZD", Version: 17, By: "5b10a2844c20165700ede21g",
			Occurred: at, Observed: at.Add(time.Second), Recorded: at.Add(time.Minute), Data: []byte(`{"from":"open","to":"mitigated","why":"«Erledigt»"}`),
		}},
		{"of a page", Entry{Kind: Reviewed, Page: "1", Version: -1, Recorded: at, Data: []byte(`{}`)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw, err := tt.in.AppendBinary([]byte("before"))
			if err != nil {
				t.Fatal(err)
			}
			raw = raw[len("before"):]
			var got Entry
			if err := got.UnmarshalBinary(raw); err != nil {
				t.Fatal(err)
			}
			want := tt.in
			want.Occurred, want.Observed, want.Recorded = want.Occurred.UTC(), want.Observed.UTC(), want.Recorded.UTC()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			head := len(raw) - len(tt.in.Data)
			for i := range head {
				if err := got.UnmarshalBinary(raw[:i]); !fault.Is(err, fault.Internal) {
					t.Errorf("cut after %d of %d bytes: %v", i, head, err)
				}
			}
		})
	}
}

// FuzzEntryAsBytes: what is read, written and read again is the same; nothing makes it panic.
func FuzzEntryAsBytes(f *testing.F) {
	raw, _ := Entry{Seq: 3, Kind: Owned, Page: "1", Data: []byte(`{}`)}.AppendBinary(nil)
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var first, second Entry
		if first.UnmarshalBinary(raw) != nil {
			return
		}
		again, err := first.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := second.UnmarshalBinary(again); err != nil {
			t.Fatal(err)
		}
		if !first.Occurred.Equal(second.Occurred) || !first.Observed.Equal(second.Observed) || !first.Recorded.Equal(second.Recorded) {
			t.Errorf("%+v became %+v", first, second)
		}
		first.Occurred, first.Observed, first.Recorded = second.Occurred, second.Observed, second.Recorded
		if diff := cmp.Diff(first, second); diff != "" {
			t.Error(diff)
		}
	})
}
