package operate

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/trace"
)

// Frame is one line of the answer to GET /export: the progress, and at last either what went wrong, or how many bytes of the export
// follow it. Nothing of an export is sent before all of it was made.
type Frame struct {
	Step    string `json:"step,omitempty"`
	Done    int    `json:"done,omitempty"`
	All     int    `json:"all,omitempty"` // 0 while nobody knows
	Error   string `json:"error,omitempty"`
	Bytes   int64  `json:"bytes,omitempty"`
	Threats int    `json:"threats,omitempty"`
	Note    string `json:"note,omitempty"` // what the reader must know: not reconciled, window not over
}

// export makes an export in a file of its own, records it in the ledger, and sends it.
func (h handler) export(w http.ResponseWriter, r *http.Request) error {
	q, err := h.query(r)
	if err != nil {
		return err
	}
	site, err := h.site(r, tenant.ID(r.URL.Query().Get("site")))
	if err != nil {
		return err
	}
	f, err := os.CreateTemp("", "throughline-*")
	if err != nil {
		return fault.As(fault.Internal, err, "making a temporary file: set TMPDIR to a folder with room")
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return fault.As(fault.Internal, err, "hiding a temporary file")
	}
	w.Header().Set("Content-Type", "application/x-throughline-export")
	frames := &frames{to: w, enc: json.NewEncoder(w)}
	made, err := h.make(r, f, site, q, frames.step)
	if err != nil {
		if frames.begun {
			frames.send(Frame{Error: err.Error()})
			return nil
		}
		return err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return fault.As(fault.Internal, err, "measuring the export")
	}
	done := Frame{Bytes: size, Threats: made.Threats}
	if s := made.Summary; s != nil && !s.Reconciled.Agrees() {
		done.Note = "the pack is not reconciled with Jira: " + s.Reconciled.Words()
	}
	frames.send(done)
	_, err = io.Copy(w, io.NewSectionReader(f, 0, size))
	return fault.As(fault.Busy, err, "sending the export")
}

// make writes the export and its entry in the ledger.
func (h handler) make(r *http.Request, f *os.File, site tenant.ID, q evidence.Query, step func(string, int, int)) (evidence.Made, error) {
	ctx, ask := r.Context(), r.URL.Query()
	format := evidence.Format(ask.Get("format"))
	walk := &evidence.Walk{Log: h.store, Tenant: site, Until: q.AsOf}
	out := bufio.NewWriterSize(temporary{f}, 256<<10)
	var made evidence.Made
	var err error
	if format == evidence.Pack {
		m := evidence.Maker{By: ask.Get("by"), Version: ask.Get("version"), Log: h.store, Stamps: h.Stamps, Step: step}
		if ask.Get("offline") == "" && h.Jira != nil {
			m.Reconciler = h.Jira
		}
		made, err = evidence.Build(ctx, out, walk, q, m)
	} else {
		walk.Progress = func(n int) { step("reading the ledger", n, 0) }
		made.Threats, err = evidence.Flat(ctx, out, format, walk, q)
	}
	if err != nil {
		return made, err
	}
	if err := out.Flush(); err != nil {
		return made, err
	}
	return made, h.record(ctx, site, q, format, ask.Get("by"), made)
}

// temporary is the file that an export is made in. Where it cannot be written, what to do is said.
type temporary struct{ f *os.File }

// Write implements io.Writer.
func (t temporary) Write(b []byte) (int, error) {
	n, err := t.f.Write(b)
	return n, fault.As(fault.Internal, err, "writing the export: set TMPDIR to a folder with room")
}

// record keeps that an export was made: who saw what, and the pack's hash, so that a pack can be told from one that never was.
func (h handler) record(ctx context.Context, site tenant.ID, q evidence.Query, f evidence.Format, by string, made evidence.Made) error {
	now := h.now().UTC()
	narrowed := q.Narrowed()
	narrowed["format"] = string(f)
	fact := ledger.ExportFact{
		From: q.From, To: q.To, AsOf: q.AsOf, Framework: q.Framework, Query: narrowed, By: by, Threats: made.Threats, Size: made.Size,
	}
	if f == evidence.Pack {
		fact.Manifest = made.Manifest.String()
	}
	return fault.Wrap(h.store.Commit(ctx, trace.Change{Tenant: site, Entries: []ledger.Entry{{
		Kind: ledger.Exported, Occurred: now, Observed: now, Data: ledger.Encode(fact),
	}}}), "recording the export in the ledger")
}

// query reads what an export is about.
func (h handler) query(r *http.Request) (evidence.Query, error) {
	ask := r.URL.Query()
	q := evidence.Query{
		Framework: ask.Get("framework"),
		Scope:     evidence.Scope{Space: ask.Get("space"), Project: ask.Get("project"), Label: ask.Get("label")},
	}
	for name, at := range map[string]*time.Time{"from": &q.From, "to": &q.To, "as_of": &q.AsOf} {
		text := ask.Get(name)
		if name == "as_of" && text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return q, fault.New(fault.Invalid, "%s: %q is no time", name, text)
		}
		*at = t.UTC()
	}
	var err error
	if text := ask.Get("sample"); text != "" {
		if q.Sample, err = strconv.Atoi(text); err != nil {
			return q, fault.New(fault.Invalid, "sample: %q is no number", text)
		}
	}
	if text := ask.Get("seed"); text != "" {
		if q.Seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			return q, fault.New(fault.Invalid, "seed: %q is no number", text)
		}
	}
	switch f := evidence.Format(ask.Get("format")); f {
	case evidence.CSV, evidence.JSON, evidence.Pack:
	default:
		return q, fault.New(fault.Invalid, "unknown format %q: use csv, json or pack", f)
	}
	return q, q.Check(h.now().UTC())
}

// frames writes lines of an answer that goes on.
type frames struct {
	to    http.ResponseWriter
	enc   *json.Encoder
	begun bool
}

func (f *frames) step(what string, done, all int) {
	f.send(Frame{Step: what, Done: done, All: all})
}

func (f *frames) send(one Frame) {
	f.begun = true
	_ = f.enc.Encode(one) // who does not listen any more is told by what follows
	if flusher, ok := f.to.(http.Flusher); ok {
		flusher.Flush()
	}
}

// ReadExport reads an answer to GET /export: it tells of each step, and writes the export, whole, or fails.
func ReadExport(body io.Reader, out io.Writer, step func(Frame)) (Frame, error) {
	in := bufio.NewReaderSize(body, 64<<10)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return Frame{}, fault.As(fault.Busy, err, "the server ended before the export was made: nothing was written")
		}
		var f Frame
		if err := json.Unmarshal(line, &f); err != nil {
			return f, fault.As(fault.Internal, err, "reading the server's answer")
		}
		switch {
		case f.Error != "":
			return f, fault.New(fault.Invalid, "%s", f.Error)
		case f.Step != "":
			step(f)
		default:
			n, err := io.Copy(out, io.LimitReader(in, f.Bytes))
			if err == nil && n != f.Bytes {
				err = io.ErrUnexpectedEOF
			}
			return f, fault.As(fault.Internal, err, "writing the export")
		}
	}
}
