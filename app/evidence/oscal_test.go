package evidence_test

import (
	"encoding/json"
	"testing"
)

// TestOSCALPointsToWhatIsThere: every UUID that an OSCAL file points to is in it, and none is given twice; schemas cannot say so.
func TestOSCALPointsToWhatIsThere(t *testing.T) {
	s := filled(t, 300)
	commit(t, s, oddEntries())
	pack, _ := build(t, s, half(), nil)
	in := files(t, pack)
	for _, file := range []string{"oscal/assessment-results.json", "oscal/poam.json"} {
		t.Run(file, func(t *testing.T) {
			var doc any
			if err := json.Unmarshal(in[file], &doc); err != nil {
				t.Fatal(err)
			}
			given, asked := map[string]int{}, map[string]string{}
			accepted := 0
			eachMember(doc, func(name string, value any) {
				id, _ := value.(string)
				switch name {
				case "uuid":
					given[id]++
				case "actor-uuid", "risk-uuid", "observation-uuid":
					asked[id] = name
				case "value":
					if id == "accept" {
						accepted++
					}
				}
			})
			for id, n := range given {
				if n > 1 {
					t.Errorf("%s is given %d times", id, n)
				}
			}
			for id, name := range asked {
				if given[id] == 0 {
					t.Errorf("%s %s leads nowhere", name, id)
				}
			}
			if len(asked) == 0 || accepted == 0 {
				t.Errorf("%d references and %d acceptances: the made ledger lacks something", len(asked), accepted)
			}
		})
	}
}

// eachMember calls yield for the members of all objects in a value.
func eachMember(value any, yield func(name string, value any)) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			yield(name, member)
			eachMember(member, yield)
		}
	case []any:
		for _, item := range v {
			eachMember(item, yield)
		}
	}
}
