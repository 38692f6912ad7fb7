package tenant

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestSecretIsNotSaid tries every way in which a value gets into a log, an error or a file by accident.
func TestSecretIsNotSaid(t *testing.T) {
	const value = "hunter2-shared"
	in := Installation{Product: Jira, ClientKey: "c", Secret: NewSecret(value)}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("installed", "secret", in.Secret, "installation", in, "pointer", &in)
	}
	encoded, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	said := log.String() + string(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		said += fmt.Sprintf(verb, in.Secret) + fmt.Sprintf(verb, in) + fmt.Sprintf(verb, &in)
	}
	if strings.Contains(said, value) || strings.Contains(said, fmt.Sprintf("%x", value)) {
		t.Errorf("the secret is said:\n%s", said)
	}
	for _, v := range []any{in.Secret, map[string]any{"secret": in.Secret}} {
		if out, err := json.Marshal(v); err == nil {
			t.Errorf("a secret was encoded: %s", out)
		}
	}
	if in.Secret.Reveal() != value || in.Secret.Empty() || !(Secret{}).Empty() {
		t.Error("who may see it does not")
	}
}

func TestMissing(t *testing.T) {
	both := Tenant{Installations: map[Product]Installation{Jira: {ClientKey: "j"}, Confluence: {ClientKey: "c"}}}
	if got := both.Missing(); got != nil {
		t.Errorf("missing %v of a whole site", got)
	}
	if got := (Tenant{}).Missing(); len(got) != 2 || got[0] != Confluence {
		t.Errorf("missing %v, want both, Confluence first", got)
	}
}
