package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/operate"
	"github.com/throughline/throughline/store"
)

// keyFile is the generated master key's name in the data folder.
const keyFile = "master.key"

// dsn is the store that a configuration names.
func dsn(c app.Config) string {
	if c.Store != "" {
		return c.Store
	}
	path, err := filepath.Abs(filepath.Join(c.Data, "throughline.db"))
	if err != nil {
		path = filepath.Join(c.Data, "throughline.db")
	}
	return "bolt://" + path
}

// masterKey is the configured key, else the one in the data folder, which is generated when create says so. Nil when there is none.
func masterKey(c app.Config, create bool) ([]byte, error) {
	secret, err := c.Key()
	if err != nil {
		return nil, err
	}
	if !secret.Empty() {
		return []byte(secret.Reveal()), nil
	}
	path := filepath.Join(c.Data, keyFile)
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
		if err != nil || len(key) != 32 {
			return nil, fault.New(fault.Invalid, "%s holds no master key of 32 bytes in base64: restore it from your backup, the store cannot be opened without", path)
		}
		return key, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fault.As(fault.Internal, err, "reading the master key")
	case !create:
		return nil, nil
	}
	if _, err := os.Stat(strings.TrimPrefix(dsn(c), "bolt://")); err == nil {
		return nil, fault.New(fault.Invalid, "the master key of %s is missing: restore %s from your backup, or give it in THROUGHLINE_MASTER_KEY", dsn(c), path)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fault.As(fault.Invalid, err, "making the data folder")
	}
	if err := os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
		return nil, fault.As(fault.Invalid, err, "keeping the generated master key")
	}
	return key, nil
}

// openStore opens the configured store for a server. Without a clock it goes by the machine's.
func openStore(ctx context.Context, c app.Config, log *slog.Logger, clock func() time.Time) (store.Store, error) {
	key, err := masterKey(c, true)
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, dsn(c), store.Options{Key: key, Logger: log, Workers: c.Workers, Clock: clock})
}

// dataFlag gives a command the flag --data, which falls back to THROUGHLINE_DATA.
func dataFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("data", "", "folder of the store (default $THROUGHLINE_DATA, else ./data)")
}

// operator calls the operator's API: of the server that runs on the data folder, or on the store opened here. close must be called.
func operator(cmd *cobra.Command, data string, writes bool) (client *http.Client, closing func(), err error) {
	c, err := app.LoadConfig()
	if err != nil {
		return nil, nil, err
	}
	if data != "" {
		c.Data, c.Store = data, ""
	}
	if client, ok := operate.Dial(c.Data); ok {
		return client, func() {}, nil
	}
	if path, ok := strings.CutPrefix(dsn(c), "bolt://"); ok { // a command makes no store
		if _, err := os.Stat(path); err != nil {
			return nil, nil, fault.As(fault.NotFound, err, "there is no store to work on: name its folder with --data")
		}
	}
	key, err := masterKey(c, false)
	if err != nil {
		return nil, nil, err
	}
	log := slog.New(slog.DiscardHandler)
	s, err := store.Open(cmd.Context(), dsn(c), store.Options{Key: key, ReadOnly: !writes, Logger: log})
	if err != nil {
		return nil, nil, err
	}
	return operate.InProcess(operate.Handler(s, operate.Running{Stamps: c.Checkpoints()}, time.Now, log)), func() { _ = s.Close() }, nil
}

// call makes one request of the operator's API and returns its body, which the caller closes.
func call(cmd *cobra.Command, client *http.Client, method, path string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(cmd.Context(), method, "http://throughline"+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fault.As(fault.Busy, err, "asking the running server")
	}
	if resp.StatusCode < 300 {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	var answer struct {
		Error string `json:"error"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Error == "" {
		return nil, fault.New(fault.Internal, "the server answered %s", resp.Status)
	}
	return nil, errors.New(answer.Error)
}

// get decodes the answer to a GET.
func get(cmd *cobra.Command, client *http.Client, path string, into any) error {
	body, err := call(cmd, client, http.MethodGet, path)
	if err != nil {
		return err
	}
	defer body.Close()
	return fault.As(fault.Internal, json.NewDecoder(body).Decode(into), "reading the server's answer")
}
