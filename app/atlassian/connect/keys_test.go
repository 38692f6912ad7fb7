package connect_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app/atlassian/connect"
	"github.com/throughline/throughline/app/fault"
)

func publicPEM(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// A key id becomes part of a URL only when it looks like one; everything else asks nobody.
func TestKeyIDs(t *testing.T) {
	asked := 0
	cdn := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer cdn.Close()
	keys := connect.NewKeys(connect.KeyOptions{URLs: []string{cdn.URL}})
	for _, kid := range []string{
		"", "..", "../../etc/passwd", "a/b", "a?b", "a#b", "a%2fb", "//evil.example.com", "http://evil.example.com", "a b", "a\nb", "é",
		"-a", strings.Repeat("a", 65),
	} {
		if _, err := keys.Key(t.Context(), kid); !fault.Is(err, fault.Unverified) {
			t.Errorf("key id %q: error %v", kid, err)
		}
	}
	if asked > 0 {
		t.Errorf("%d of them were asked for", asked)
	}
}

func TestKeySources(t *testing.T) {
	good := publicPEM(t, &atlassianKey().PublicKey)
	weak, err := rsa.GenerateKey(rand.Reader, 1024) // too short on purpose
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(status int, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write(body)
		}
	}
	elsewhere := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/"+keyID, http.StatusFound)
	}
	tests := []struct {
		name   string
		first  http.HandlerFunc
		second http.HandlerFunc
		found  bool
		want   fault.Kind
	}{
		{"the first has it", answer(200, good), answer(500, nil), true, 0},
		{"the second has it", answer(404, nil), answer(200, good), true, 0},
		{"the first is broken", answer(500, nil), answer(200, good), true, 0},
		{"nobody has it", answer(404, nil), answer(403, nil), false, fault.Unverified},
		{"one does not know", answer(404, nil), answer(503, nil), false, fault.Busy},
		{"a redirect is not followed", elsewhere, answer(404, nil), false, fault.Busy},
		{"no PEM", answer(200, []byte("hello")), answer(404, nil), false, fault.Busy},
		{"endless", answer(200, append([]byte(strings.Repeat("x", 20<<10)+"\n"), good...)), answer(404, nil), false, fault.Busy},
		{"too short a key", answer(200, publicPEM(t, &weak.PublicKey)), answer(404, nil), false, fault.Busy},
		{"another sort of key", answer(200, publicPEM(t, &curve.PublicKey)), answer(404, nil), false, fault.Busy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first, second := httptest.NewServer(tt.first), httptest.NewServer(tt.second)
			defer first.Close()
			defer second.Close()
			key, err := connect.NewKeys(connect.KeyOptions{URLs: []string{first.URL + "/", second.URL}}).Key(t.Context(), keyID)
			if tt.found {
				if err != nil || !key.Equal(&atlassianKey().PublicKey) {
					t.Errorf("key %v, error %v", key, err)
				}
				return
			}
			if fault.KindOf(err) != tt.want || err == nil {
				t.Errorf("error %v is %s, want %s", err, fault.KindOf(err), tt.want)
			}
		})
	}
}

// A key is fetched once an hour, an absent one is asked for again after half a minute, and made-up ids do not become a flood.
func TestKeysKept(t *testing.T) {
	s := newSite(t)
	keys := connect.NewKeys(connect.KeyOptions{URLs: []string{s.cdn.URL}, Clock: func() time.Time { return s.now }})
	fetch := func(kid string) error { _, err := keys.Key(t.Context(), kid); return err }
	steps := []struct {
		name  string
		after time.Duration
		kid   string
		asked int32
		kind  fault.Kind
	}{
		{"first", 0, keyID, 1, 0},
		{"again", time.Minute, keyID, 1, 0},
		{"an hour later", time.Hour, keyID, 2, 0},
		{"unknown", 0, "unknown", 3, fault.Unverified},
		{"unknown again", 20 * time.Second, "unknown", 3, fault.Unverified},
		{"unknown later", 20 * time.Second, "unknown", 4, fault.Unverified},
	}
	for _, step := range steps {
		s.now = s.now.Add(step.after)
		if err := fetch(step.kid); (err != nil) != (step.kind != 0) || err != nil && fault.KindOf(err) != step.kind {
			t.Errorf("%s: error %v", step.name, err)
		}
		if got := s.asked.Load(); got != step.asked {
			t.Errorf("%s: asked %d times, want %d", step.name, got, step.asked)
		}
	}
	busy := 0
	for i := range 100 {
		if fault.Is(fetch("made-up-"+strings.Repeat("a", i%50)+strings.Repeat("b", i/50)), fault.Busy) {
			busy++
		}
	}
	if asked := s.asked.Load() - 4; asked > 20 || busy < 80 {
		t.Errorf("100 made-up ids at once led to %d fetches, %d were put off", asked, busy)
	}
	if err := fetch(keyID); err != nil {
		t.Errorf("the real key was lost: %v", err)
	}
}
