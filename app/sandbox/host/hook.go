package host

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/throughline/throughline/app/sandbox/signing"
)

// Hook is a webhook that an administrator set up by hand: it belongs to no app, tells one address of every event of a product,
// and is signed with a secret that both sides know.
type Hook struct {
	Product string `json:"product"`
	URL     string `json:"url"`
	Secret  string `json:"secret"`
}

// AddHook sets a webhook up. One for the same product and address is replaced.
func (h *Host) AddHook(hook Hook) error {
	if u, err := url.Parse(hook.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("webhook address %q is no URL", hook.URL)
	}
	if hook.Product != Jira && hook.Product != Confluence {
		return fmt.Errorf("product %q: there are %s and %s", hook.Product, Jira, Confluence)
	}
	if hook.Secret == "" {
		return errors.New("a webhook needs a secret")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hooks = append(slices.DeleteFunc(slices.Clone(h.hooks), func(o Hook) bool { return o.Product == hook.Product && o.URL == hook.URL }), hook)
	return h.keep()
}

// name is what a hook is called among the apps.
func (o Hook) name() string { return "hook " + o.URL }

// tell queues an event for every hook of its product. The caller holds the lock.
func (h *Host) tell(m message) {
	for _, hook := range h.hooks {
		if hook.Product != m.product {
			continue
		}
		copies, late := 1, false
		if h.Upset != nil {
			copies, late = h.Upset(m.event)
		}
		if copies == 0 {
			h.log.lost()
		}
		next := m
		next.app, next.hook, next.late, next.id = hook.name(), &hook, late, signing.NewID()
		for range copies {
			h.log.begin(m.event.Name)
			h.queueOf(m.product + " " + hook.name()).push(next)
		}
	}
}

// postHook posts a message to an administrator's webhook once. Confluence Data Center names the event in the payload.
func (h *Host) postHook(ctx context.Context, m message) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	body := []byte(m.event.Body)
	if m.product == Confluence {
		fields := map[string]json.RawMessage{}
		if err := json.Unmarshal(body, &fields); err != nil {
			return 0, fmt.Errorf("webhook %s: %w", m.event.Name, err)
		}
		fields["event"] = json.RawMessage(strconv.Quote(m.event.Name))
		var err error
		if body, err = json.Marshal(fields); err != nil {
			return 0, fmt.Errorf("webhook %s: %w", m.event.Name, err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.hook.URL, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("webhook %s to %s: %w", m.event.Name, m.hook.URL, err)
	}
	mac := hmac.New(sha256.New, []byte(m.hook.Secret))
	mac.Write(body)
	req.Header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	req.Header.Set("Content-Type", "application/json; charset=UTF-8")
	if m.product == Jira {
		req.Header.Set("X-Atlassian-Webhook-Identifier", m.id)
		if m.attempts > 0 {
			req.Header.Set("X-Atlassian-Webhook-Retry", strconv.Itoa(m.attempts))
		}
	}
	req.Header["Idempotency-Key"] = nil // never sent; lets the transport replace a kept connection that was closed meanwhile
	resp, err := h.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("webhook %s to %s: %w", m.event.Name, m.hook.URL, err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // so that the connection serves again
	return resp.StatusCode, nil
}
