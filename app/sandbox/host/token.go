package host

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const tokenLife = 3 * time.Minute

// claims are those that every token of the site has. Tokens live by the machine's clock, as the app that checks them does.
func (h *Host) claims(issuer string) jwt.MapClaims {
	now := time.Now()
	return jwt.MapClaims{"iss": issuer, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix()}
}

// inbound are the claims of a token that an app calls with.
type inbound struct {
	jwt.RegisteredClaims
	QSH string `json:"qsh"`
}

// Verify checks the token that a request to a product carries, in the header Authorization: JWT … or the parameter jwt: signed HS256
// with the app's secret for that product, issued by the app's key, fresh, and bound to the request by its hash.
func (h *Host) Verify(product string, r *http.Request) (App, error) {
	raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "JWT ")
	if !ok {
		raw = r.URL.Query().Get("jwt")
	}
	var app App
	var claims inbound
	_, err := jwt.NewParser(
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(30*time.Second),
	).ParseWithClaims(strings.TrimSpace(raw), &claims, func(*jwt.Token) (any, error) {
		var ok bool
		if app, ok = h.App(product, claims.Issuer); !ok {
			return nil, fmt.Errorf("no app with the key %q is installed in %s", claims.Issuer, product)
		}
		return []byte(app.Secret), nil
	})
	switch {
	case err != nil:
		return App{}, fmt.Errorf("the token is not valid: %w", err)
	case claims.IssuedAt == nil:
		return App{}, errors.New("the token is not valid: iat is missing")
	case claims.QSH != QSH(r.Method, r.URL, h.BaseURL(product)):
		return App{}, fmt.Errorf("the token is not valid: its qsh is not that of %q", Canonical(r.Method, r.URL, h.BaseURL(product)))
	}
	return app, nil
}

// ModuleURL is the signed address of one of an app's pages, as the product puts it into an iframe: path is a module's url, and
// parameters are added to it.
func (h *Host) ModuleURL(product, key, accountID, path string, parameters url.Values) (string, error) {
	app, ok := h.App(product, key)
	if !ok {
		return "", fmt.Errorf("app %s is not installed in %s", key, product)
	}
	u, err := url.Parse(app.address(path))
	if err != nil {
		return "", fmt.Errorf("module address %q: %w", path, err)
	}
	q := u.Query()
	for name, values := range parameters {
		q[name] = append(q[name], values...)
	}
	q.Set("xdm_e", h.site.BaseURL())
	q.Set("cp", strings.TrimPrefix(h.BaseURL(product), h.site.BaseURL()))
	q.Set("lic", "none")
	u.RawQuery = q.Encode()
	claims := h.claims(app.ClientKey)
	claims["qsh"] = QSH(http.MethodGet, u, app.Descriptor.BaseURL)
	token, err := h.personal(app, accountID, claims)
	if err != nil {
		return "", err
	}
	q.Set("jwt", token)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// ContextToken is what AP.context.getToken gives a page of the app: a token bound to no request, for calls from the page to its app.
func (h *Host) ContextToken(product, key, accountID string) (string, error) {
	app, ok := h.App(product, key)
	if !ok {
		return "", fmt.Errorf("app %s is not installed in %s", key, product)
	}
	claims := h.claims(app.ClientKey)
	claims["qsh"] = ContextQSH
	return h.personal(app, accountID, claims)
}

// personal signs a token that says who looks.
func (h *Host) personal(app App, accountID string, claims jwt.MapClaims) (string, error) {
	context := map[string]any{}
	if accountID != "" {
		claims["sub"] = accountID
		user := map[string]any{"accountId": accountID}
		if u, ok := h.Name(accountID); ok {
			user["displayName"] = u.Name
		}
		context["user"] = user
	}
	claims["context"] = context
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(app.Secret))
	if err != nil {
		return "", fmt.Errorf("signing a token for %s: %w", app.Descriptor.Key, err)
	}
	return token, nil
}
