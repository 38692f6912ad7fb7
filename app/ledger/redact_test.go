package ledger_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/ledger"
)

func TestRedact(t *testing.T) {
	tests := []struct {
		name, by, data, wantBy, wantData string
	}{
		{"who did it", "acc-12345", `{"why":"done"}`, "erased", `{"why":"done"}`},
		{"in the data", "other", `{"owner":{"account":"acc-12345","name":"Mira Holm"}}`, "other", `{"owner":{"account":"erased","name":"erased"}}`},
		{"inside of a text", "", `{"why":"asked by Mira Holm, at noon"}`, "", `{"why":"asked by erased, at noon"}`},
		{"written with escapes", "", `{"why":"Mira\u0020Holm said \"no\""}`, "", `{"why":"erased said \"no\""}`},
		{"as a member's name", "", `{"acc-12345":1}`, "", `{"erased":1}`},
		{"numbers and order stay", "", `{"z":1.50,"a":[true,null,"acc-12345"]}`, "", `{"z":1.50,"a":[true,null,"erased"]}`},
		{"somebody else", "acc-99999", `{"why":"Mira"}`, "acc-99999", `{"why":"Mira"}`},
		{"a backslash before the end", "", `{"why":"\\","by":"acc-12345"}`, "", `{"why":"\\","by":"erased"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, changed := ledger.Redact(ledger.Entry{By: tt.by, Data: json.RawMessage(tt.data)}, []string{"acc-12345", "Mira Holm"}, "erased")
			if got.By != tt.wantBy || string(got.Data) != tt.wantData {
				t.Errorf("by %q, data %s; want %q, %s", got.By, got.Data, tt.wantBy, tt.wantData)
			}
			if changed != (tt.by != tt.wantBy || tt.data != tt.wantData) {
				t.Errorf("changed: %v", changed)
			}
		})
	}
}

// FuzzRedact: what was JSON is JSON afterwards, and names nobody.
func FuzzRedact(f *testing.F) {
	f.Add(`{"a":"acc-12345","b":["\\\"",1e9]}`)
	f.Fuzz(func(t *testing.T, data string) {
		if !json.Valid([]byte(data)) {
			return
		}
		got, _ := ledger.Redact(ledger.Entry{Data: json.RawMessage(data)}, []string{"acc-12345"}, "-")
		if !json.Valid(got.Data) || strings.Contains(string(got.Data), "acc-12345") {
			t.Errorf("%s became %s", data, got.Data)
		}
	})
}
