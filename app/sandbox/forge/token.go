package forge

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signingKey signs invocation and access tokens.
type signingKey struct {
	ID      string `json:"kid"`
	Private []byte `json:"private"` // PKCS #8
	key     *rsa.PrivateKey
}

func newSigningKey() (signingKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return signingKey{}, fmt.Errorf("making the key of Forge's tokens: %w", err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return signingKey{}, fmt.Errorf("encoding the key of Forge's tokens: %w", err)
	}
	return signingKey{ID: newID(), Private: raw}, nil
}

func (k *signingKey) open() error {
	parsed, err := x509.ParsePKCS8PrivateKey(k.Private)
	if err != nil {
		return fmt.Errorf("reading the key of Forge's tokens: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return fmt.Errorf("the key of Forge's tokens is no RSA key but %T", parsed)
	}
	k.key = key
	return nil
}

// ServeHTTP gives out the key set (RFC 7517).
func (h *Host) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	public := h.state.Key.key.PublicKey
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
	claims["iat"], claims["nbf"], claims["exp"], claims["jti"] = now.Unix(), now.Unix(), now.Add(life).Unix(), newID()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = h.state.Key.ID
	signed, err := token.SignedString(h.state.Key.key)
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
		ParseWithClaims(raw, claims, func(*jwt.Token) (any, error) { return &h.state.Key.key.PublicKey, nil })
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

// newID is a random UUID (version 4).
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
