package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts, and tests that need the server as a process of its own, run this very program.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"throughline": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
		},
	})
}

// TestScripts runs testdata/script. Beside the usual commands there are
//
//	freeport NAME               sets $NAME to a free loopback address
//	await PATTERN URL|FILE      polls a URL or a file until its content matches, 15 s at most
//	http METHOD URL [BODY]      prints the answer; ! when its status is 400 or more. USER, if set, signs in
//	field NAME FILE PATTERN     sets $NAME to the first group of a pattern in a file
//	edit SITE ID OLD NEW        replaces text in a page, as USER
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("..", "..", "testdata", "script"),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"freeport": freePort, "await": await, "http": httpCommand, "field": field, "edit": editCommand,
		},
	})
}

func freePort(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], l.Addr().String())
	ts.Check(l.Close())
}

func await(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[0])
	var last string
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		body, err := content(ts, args[1])
		if err == nil && pattern.MatchString(body) {
			return
		}
		last = fmt.Sprint(body, err)
	}
	ts.Fatalf("%s never matched %s; it was last:\n%s", args[1], args[0], last)
}

func content(ts *testscript.TestScript, from string) (string, error) {
	if !strings.Contains(from, "://") {
		data, err := os.ReadFile(ts.MkAbs(from))
		return string(data), err
	}
	_, body, err := request(ts, http.MethodGet, from, "")
	return body, err
}

func httpCommand(ts *testscript.TestScript, neg bool, args []string) {
	body := ""
	if len(args) > 2 {
		body = args[2]
		if after, ok := strings.CutPrefix(body, "@"); ok {
			body = ts.ReadFile(after)
		}
	}
	status, answer, err := request(ts, args[0], args[1], body)
	ts.Check(err)
	fmt.Fprint(ts.Stdout(), answer)
	if refused := status >= 400; refused != neg {
		ts.Fatalf("%s %s answered %d: %s", args[0], args[1], status, answer)
	}
}

func request(ts *testscript.TestScript, method, url, body string) (int, string, error) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	if name, token, ok := strings.Cut(ts.Getenv("USER"), " "); ok {
		req.SetBasicAuth(name, token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data), err
}

func field(ts *testscript.TestScript, _ bool, args []string) {
	m := regexp.MustCompile(args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if m == nil {
		ts.Fatalf("%s matches nothing in %s:\n%s", args[2], args[1], ts.ReadFile(args[1]))
	}
	value := m[1]
	if unquoted := ""; json.Unmarshal([]byte(`"`+value+`"`), &unquoted) == nil {
		value = unquoted
	}
	ts.Setenv(args[0], value)
}

func editCommand(ts *testscript.TestScript, _ bool, args []string) {
	address := args[0] + "/wiki/api/v2/pages/" + args[1]
	status, answer, err := request(ts, http.MethodGet, address+"?body-format=storage", "")
	ts.Check(err)
	var page struct {
		Title   string
		Version struct{ Number int }
		Body    struct{ Storage struct{ Value string } }
	}
	if err := json.Unmarshal([]byte(answer), &page); err != nil || status != http.StatusOK {
		ts.Fatalf("GET %s: %d %v %s", address, status, err, answer)
	}
	if !strings.Contains(page.Body.Storage.Value, args[2]) {
		ts.Fatalf("page %s does not contain %q:\n%s", args[1], args[2], page.Body.Storage.Value)
	}
	next, err := json.Marshal(map[string]any{
		"id": args[1], "status": "current", "title": page.Title, "version": map[string]any{"number": page.Version.Number + 1},
		"body": map[string]string{"representation": "storage", "value": strings.ReplaceAll(page.Body.Storage.Value, args[2], args[3])},
	})
	ts.Check(err)
	if status, answer, err = request(ts, http.MethodPut, address, string(next)); err != nil || status != http.StatusOK {
		ts.Fatalf("PUT %s: %d %v %s", address, status, err, answer)
	}
}
