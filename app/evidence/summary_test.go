package evidence

import "testing"

func TestTicketsAddUp(t *testing.T) {
	done := func(asOf int) Reconciliation { return Reconciliation{Done: true, AsOf: asOf} }
	tests := []struct {
		name string
		s    Summary
		want string
	}{
		{"none", Summary{}, "0 = 0 filed by Throughline + 0 named by pages"},
		{"all there", Summary{Tickets: 27, Filed: 26, There: 26, Reconciled: done(26)}, "27 = 26 filed by Throughline (reconciled with Jira) + 1 named by pages"},
		{"Jira was not asked", Summary{Tickets: 3, Filed: 3, There: 3, Reconciled: Reconciliation{AsOf: 3}}, "3 = 3 filed by Throughline (not reconciled with Jira) + 0 named by pages"},
		{
			"some are gone",
			Summary{Tickets: 1030, Filed: 1028, There: 1024, Deleted: 3, Reconciled: done(1024)},
			"1,030 = 1,028 filed by Throughline (1,024 reconciled with Jira, 3 deleted in Jira, 1 replaced by another) + 2 named by pages",
		},
		{"all are gone", Summary{Tickets: 2, Filed: 2, Deleted: 2, Reconciled: done(0)}, "2 = 2 filed by Throughline (2 deleted in Jira) + 0 named by pages"},
		{
			"a part of the site", Summary{Tickets: 5, Filed: 5, There: 5, Reconciled: done(12)}, "5 = 5 filed by Throughline (reconciled with Jira) + 0 named by pages. " +
				"The register's 12 at the instant of knowledge are those 5 and 7 of threats outside of this population",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.s.ticketWords(); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
