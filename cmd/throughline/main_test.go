package main

import (
	"bytes"
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
//	await PATTERN URL           polls a URL until its body matches, 15 s at most
//	http METHOD URL [BODY]      prints the answer; ! when its status is 400 or more. USER, if set, signs in
//	field NAME FILE PATTERN     sets $NAME to the first group of a pattern in a file
//	sub FILE OLD NEW            replaces text in a file
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("..", "..", "testdata", "script"),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"freeport": freePort, "await": await, "http": httpCommand, "field": field, "sub": substitute,
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
		if _, body, err := request(ts, http.MethodGet, args[1], ""); err == nil {
			if last = body; pattern.MatchString(body) {
				return
			}
		}
	}
	ts.Fatalf("%s never matched %s; it was last:\n%s", args[1], args[0], last)
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

func substitute(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	if !bytes.Contains(data, []byte(args[1])) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, bytes.ReplaceAll(data, []byte(args[1]), []byte(args[2])), 0o600))
}
