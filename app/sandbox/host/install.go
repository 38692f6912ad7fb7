package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/sandbox/signing"
)

const lifecycleTimeout = 10 * time.Second

// Install fetches a descriptor, checks it, and installs the app into the product; the empty product is told from the descriptor's
// modules. The app is told by a request signed RS256 and is installed once it answers 2xx: until then a former secret stays valid.
// An app that is there already is installed again with a new secret under the same client key.
func (h *Host) Install(ctx context.Context, product, descriptorURL string) (App, error) {
	ctx, cancel := context.WithTimeout(ctx, lifecycleTimeout)
	defer cancel()
	d, err := h.descriptor(ctx, descriptorURL)
	if err != nil {
		return App{}, err
	}
	if product == "" {
		if product, err = d.productOf(); err != nil {
			return App{}, fmt.Errorf("descriptor %s: %w", descriptorURL, err)
		}
	}
	if product != Jira && product != Confluence {
		return App{}, fmt.Errorf("product %q: there is only jira and confluence", product)
	}
	if err := d.check(product); err != nil {
		return App{}, fmt.Errorf("descriptor %s is not valid for %s: %w", descriptorURL, product, err)
	}
	account, err := h.Join(d.Key, d.Name)
	if err != nil {
		return App{}, err
	}
	app := App{
		Product: product, ClientKey: signing.NewID(), Secret: newSecret(), AccountID: account.AccountID,
		DescriptorURL: descriptorURL, Descriptor: d, InstalledAt: h.site.Now(),
	}
	if former, ok := h.App(product, d.Key); ok {
		app.ClientKey = former.ClientKey
	}
	if err := h.lifecycle(ctx, app, "installed", d.Lifecycle.Installed); err != nil {
		return App{}, err
	}
	if err := h.put(app); err != nil {
		return App{}, err
	}
	if d.Lifecycle.Enabled != "" {
		if err := h.lifecycle(ctx, app, "enabled", d.Lifecycle.Enabled); err != nil {
			h.Log.Warn("an app was installed, but did not take the news that it is enabled", "app", d.Key, "product", product, "error", err)
		}
	}
	return app, nil
}

func (h *Host) put(app App) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := h.find(app.Product, app.Descriptor.Key); i >= 0 {
		h.apps[i] = app
	} else {
		h.apps = append(h.apps, app)
	}
	return h.keep()
}

// Uninstall removes an app and tells it, where it asked to be told. The app is removed whatever it answers.
func (h *Host) Uninstall(ctx context.Context, product, key string) error {
	ctx, cancel := context.WithTimeout(ctx, lifecycleTimeout)
	defer cancel()
	h.mu.Lock()
	i := h.find(product, key)
	if i < 0 {
		h.mu.Unlock()
		return fmt.Errorf("app %s is not installed in %s", key, product)
	}
	app := h.apps[i]
	h.apps = append(h.apps[:i:i], h.apps[i+1:]...)
	err := h.keep()
	if q := h.queues[product+" "+key]; q != nil {
		h.drop(q, "the app was uninstalled")
		delete(h.queues, product+" "+key)
	}
	h.mu.Unlock()
	if path := app.Descriptor.Lifecycle.Uninstalled; path != "" {
		err = errors.Join(err, h.lifecycle(ctx, app, "uninstalled", path))
	}
	return err
}

// lifecycle tells an app of its own life. Installs and uninstalls are signed with the site's key, the rest with the app's secret;
// only an install tells the secret.
func (h *Host) lifecycle(ctx context.Context, app App, event, path string) error {
	payload := map[string]any{
		"key": app.Descriptor.Key, "clientKey": app.ClientKey, "baseUrl": h.BaseURL(app.Product), "displayUrl": h.BaseURL(app.Product),
		"displayUrlServicedeskHelpCenter": h.BaseURL(app.Product), "productType": app.Product, "description": "Throughline sandbox",
		"eventType": event, "serverVersion": "100300", "pluginsVersion": "1001.0.0",
	}
	if event == "installed" {
		payload["sharedSecret"], payload["accountId"] = app.Secret, app.AccountID
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", event, app.Descriptor.Key, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, app.address(path), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s of %s: %w", event, app.Descriptor.Key, err)
	}
	req.Header.Set("Content-Type", "application/json")
	token, err := h.lifecycleToken(app, event, req)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", event, app.Descriptor.Key, err)
	}
	req.Header.Set("Authorization", "JWT "+token)
	resp, err := h.client.Do(req)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", event, app.Descriptor.Key, err)
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 300)) // only to be shown
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("%s of %s: the app answered %s: %s", event, app.Descriptor.Key, resp.Status, bytes.TrimSpace(said))
	}
	return nil
}

func (h *Host) lifecycleToken(app App, event string, req *http.Request) (string, error) {
	claims := h.claims(app.ClientKey)
	claims["qsh"] = QSH(req.Method, req.URL, app.Descriptor.BaseURL)
	if event != "installed" && event != "uninstalled" {
		return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(app.Secret))
	}
	claims["aud"] = []string{app.Descriptor.BaseURL}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = h.key.ID
	return token.SignedString(h.key.RSA())
}
