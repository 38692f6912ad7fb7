package connect_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/atlassian/connect"
	"github.com/throughline/throughline/app/tenant"
)

// BenchmarkWebhook is one webhook from the token to the delivery, with a store that costs nothing.
func BenchmarkWebhook(b *testing.B) {
	store := newRegistry()
	_, err := store.Install(b.Context(), "acme.atlassian.net", tenant.Installation{
		Product: tenant.Confluence, ClientKey: clientKey, Secret: tenant.NewSecret(secret),
	})
	if err != nil {
		b.Fatal(err)
	}
	drop := &sink{}
	door := connect.New(connect.Options{
		Registry: store, Sink: drop, BaseURL: appURL, AppKey: func(tenant.Product) string { return "throughline-confluence" },
	})
	target := hookPath + "?user_id=admin&user_key=ff80808160f0"
	u := httptest.NewRequestWithContext(b.Context(), http.MethodPost, target, nil).URL
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": clientKey, "iat": time.Now().Unix(), "exp": time.Now().Unix() + 3600, "qsh": connect.QSH("POST", u, ""), "sub": "user-1",
	}).SignedString([]byte(secret))
	if err != nil {
		b.Fatal(err)
	}
	hook := door.Webhook(tenant.Confluence, "page_updated")
	body := `{"userAccountId":"5b10ac8d82e05b22cc7d4ef5","accountType":"customer","updateTrigger":"edit_page","timestamp":1769904000001,` +
		`"page":{"id":1,"idAsString":"1","title":"Payments API design","spaceKey":"SEC","version":2,"contentType":"page",` +
		`"creationDate":1769904000000,"modificationDate":1769904000001,"creatorAccountId":"5b10ac8d82e05b22cc7d4ef5",` +
		`"lastModifierAccountId":"5b10ac8d82e05b22cc7d4ef5","self":"http://127.0.0.1:3413/wiki/spaces/SEC/pages/1"},"suppressNotifications":false}`
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, target, strings.NewReader(body))
		r.Header.Set("Authorization", "JWT "+token)
		w := httptest.NewRecorder()
		hook.ServeHTTP(w, r)
		if w.Code != http.StatusNoContent {
			b.Fatalf("answered %d", w.Code)
		}
		drop.got = drop.got[:0]
	}
}
