package forge

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/sandbox/signing"
)

// ServeHTTP gives out the key set (RFC 7517).
func (h *Host) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	public := h.state.Key.RSA().PublicKey
	b64 := base64.RawURLEncoding.EncodeToString
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{ // the client may be gone
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": h.state.Key.ID, "n": b64(public.N.Bytes()), "e": b64(big.NewInt(int64(public.E)).Bytes()),
	}}})
}

const (
	invocationLife = 25 * time.Second
	accessAudience = "sandbox-api"
)

// sign signs claims. Tokens live by the machine's clock, as the app that checks them does.
func (h *Host) sign(claims jwt.MapClaims, life time.Duration) (string, error) {
	now := time.Now()
	claims["iat"], claims["nbf"], claims["exp"], claims["jti"] = now.Unix(), now.Unix(), now.Add(life).Unix(), signing.NewID()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = h.state.Key.ID
	signed, err := token.SignedString(h.state.Key.RSA())
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	return signed, nil
}

// apiBase is the address of a product's API behind the gateway.
func (h *Host) apiBase(product string) string {
	return h.site.BaseURL() + "/ex/" + product + "/" + h.state.CloudID
}

// invocationToken proves to an app that a call is Forge's.
func (h *Host) invocationToken(app App, product string) (string, error) {
	var contexts []any
	for _, p := range []string{Confluence, Jira} {
		contexts = append(contexts, map[string]string{"name": p, "apiBaseUrl": h.apiBase(p)})
	}
	return h.sign(jwt.MapClaims{
		"iss": "forge/invocation-token", "aud": app.ID,
		"app": map[string]any{
			"id": app.ID, "installationId": app.InstallationID, "apiBaseUrl": h.apiBase(product), "appVersion": "1.0.0",
			"environment":  map[string]string{"type": "PRODUCTION", "id": "ari:cloud:ecosystem::environment/sandbox"},
			"module":       map[string]string{"type": "core:trigger", "key": "sandbox"},
			"installation": map[string]any{"id": app.InstallationID, "contexts": contexts},
		},
	}, invocationLife)
}

// accessToken is what an app calls with; empty when its scopes ask for none.
func (h *Host) accessToken(app App) (string, error) {
	if !slices.Contains(app.Scopes, "read:app-system-token") || len(app.Scopes) < 2 {
		return "", nil
	}
	return h.sign(jwt.MapClaims{"aud": accessAudience, "sub": app.ID, "installation": app.InstallationID}, app.TokenLife)
}

// Verify checks the access token of a call to a product behind the gateway, and returns the app and what it may do there: READ,
// WRITE.
func (h *Host) Verify(product, cloudID string, r *http.Request) (App, []string, error) {
	raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return App{}, nil, errors.New("the call carries no Bearer token")
	}
	if cloudID != h.state.CloudID {
		return App{}, nil, fmt.Errorf("there is no site %q", cloudID)
	}
	claims := jwt.MapClaims{}
	_, err := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired(), jwt.WithAudience(accessAudience)).
		ParseWithClaims(raw, claims, func(*jwt.Token) (any, error) { return &h.state.Key.RSA().PublicKey, nil })
	if err != nil {
		return App{}, nil, fmt.Errorf("the token is not valid: %w", err)
	}
	id, _ := claims["sub"].(string)
	app, ok := h.App(id)
	if !ok || app.InstallationID != claims["installation"] {
		return App{}, nil, errors.New("the token is of an installation that is none any more")
	}
	allowed := []string{}
	for _, s := range app.Scopes {
		if strings.Contains(s, product) {
			verb, _, _ := strings.Cut(s, ":")
			allowed = append(allowed, strings.ToUpper(verb))
		}
	}
	return app, allowed, nil
}
