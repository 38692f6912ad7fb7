package operate

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// Ledger is what GET /ledger says of a site's log.
type Ledger struct {
	Site       tenant.ID `json:"site"`
	Origin     string    `json:"origin"`
	Key        string    `json:"key"`        // the public key that its checkpoints verify by
	Entries    uint64    `json:"entries"`    // of the checkpoint
	Checkpoint string    `json:"checkpoint"` // the newest, as signed; empty while none was
}

// Entry is one entry with what proves it, as GET /ledger/entries/{seq} has it.
type Entry struct {
	Entry  ledger.Entry    `json:"entry"`
	Leaf   json.RawMessage `json:"leaf"` // the very bytes that are hashed
	Salt   string          `json:"salt"` // of the body, hexadecimal
	Erased uint64          `json:"erased_by,omitempty"`
	Proof  string          `json:"proof"` // in the form of C2SP tlog-proof, with the leaf as its extra data
}

// Erased is the answer to POST /ledger/erase.
type Erased struct {
	Changed int    `json:"changed"` // entries
	Entry   uint64 `json:"entry"`   // the one that tells of it
}

// routeLedger serves:
//
//	GET    /ledger?site=                   Ledger
//	GET    /ledger/entries/{seq}?site=     Entry
//	GET    /ledger/check?site=&outside=    ledger.Checked; outside is a signed checkpoint that was kept elsewhere
//	POST   /ledger/checkpoint?site=        Ledger, up to now
//	POST   /ledger/erase?site=             Erased; form: account, name (any number), why, by
func (h handler) routeLedger(mux *http.ServeMux) {
	mux.HandleFunc("GET /ledger", h.wrap(h.showLedger))
	mux.HandleFunc("GET /ledger/entries/{seq}", h.wrap(h.showEntry))
	mux.HandleFunc("GET /ledger/check", h.wrap(h.checkLedger))
	mux.HandleFunc("POST /ledger/checkpoint", h.wrap(h.checkpoint))
	mux.HandleFunc("POST /ledger/erase", h.wrap(h.erase))
}

// newest is the newest checkpoint that was signed. fault.NotFound when none was.
func (h handler) newest(r *http.Request, id tenant.ID) (ledger.Checkpoint, error) {
	signed, err := h.store.Signed(r.Context(), id)
	if err == nil && len(signed) == 0 {
		err = fault.New(fault.NotFound, "no checkpoint of %s was signed yet: `throughline ledger checkpoint` signs one", id)
	}
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	return signed[len(signed)-1], nil
}

func described(site tenant.ID, c ledger.Checkpoint) Ledger {
	return Ledger{Site: site, Origin: c.Origin, Key: c.Key, Entries: c.Size, Checkpoint: string(c.Note)}
}

func (h handler) showLedger(w http.ResponseWriter, r *http.Request) error {
	site, err := h.site(r, tenant.ID(r.FormValue("site")))
	if err != nil {
		return err
	}
	c, err := h.newest(r, site)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return answer(w, described(site, c))
}

func (h handler) checkpoint(w http.ResponseWriter, r *http.Request) error {
	site, err := h.site(r, tenant.ID(r.FormValue("site")))
	if err != nil {
		return err
	}
	c, err := h.store.Checkpoint(r.Context(), site, ledger.Newest)
	if err != nil {
		return err
	}
	return answer(w, described(site, c))
}

func (h handler) showEntry(w http.ResponseWriter, r *http.Request) error {
	site, err := h.site(r, tenant.ID(r.FormValue("site")))
	if err != nil {
		return err
	}
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 63)
	if err != nil {
		return fault.New(fault.Invalid, "%q is no entry's number", r.PathValue("seq"))
	}
	c, err := h.newest(r, site)
	if err != nil {
		return err
	}
	if seq >= c.Size {
		return fault.New(fault.NotFound, "the newest checkpoint is of %d entries and does not cover entry %d: `throughline ledger checkpoint` signs a newer one", c.Size, seq)
	}
	proof, err := h.store.Prove(r.Context(), site, seq, c.Size)
	if err != nil {
		return err
	}
	var out Entry
	err = h.store.Leaves(r.Context(), site, seq, func(l ledger.Leaf) bool {
		leaf := l.Bytes()
		lines := []string{"c2sp.org/tlog-proof@v1", "extra " + base64.StdEncoding.EncodeToString(leaf), "index " + strconv.FormatUint(seq, 10)}
		for _, hash := range proof {
			lines = append(lines, hash.String())
		}
		out = Entry{Entry: l.Entry, Leaf: leaf, Salt: l.Salt.String(), Erased: l.ErasedBy, Proof: strings.Join(lines, "\n") + "\n\n" + string(c.Note)}
		return false
	})
	if err != nil {
		return err
	}
	return answer(w, out)
}

func (h handler) checkLedger(w http.ResponseWriter, r *http.Request) error {
	site, err := h.site(r, tenant.ID(r.FormValue("site")))
	if err != nil {
		return err
	}
	var outside []ledger.Checkpoint
	for _, note := range r.Form["outside"] {
		c, err := h.outside(r, site, note)
		if err != nil {
			return err
		}
		outside = append(outside, c)
	}
	slices.SortFunc(outside, func(a, b ledger.Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	checked, err := ledger.Check(r.Context(), h.store, site, outside)
	if err != nil {
		return err
	}
	return answer(w, checked)
}

// outside reads a checkpoint that was kept elsewhere. Where the store has a key, it must be signed by it.
func (h handler) outside(r *http.Request, site tenant.ID, note string) (ledger.Checkpoint, error) {
	c, err := h.newest(r, site)
	if fault.Is(err, fault.NotFound) {
		return ledger.ReadCheckpoint([]byte(note))
	} else if err != nil {
		return c, err
	}
	c, err = ledger.OpenCheckpoint([]byte(note), c.Key)
	return c, fault.Wrap(err, "the checkpoint that is kept outside is not of this store's log")
}

func (h handler) erase(w http.ResponseWriter, r *http.Request) error {
	site, err := h.site(r, tenant.ID(r.FormValue("site")))
	if err != nil {
		return err
	}
	form := func(name string) string { return strings.TrimSpace(r.FormValue(name)) }
	if form("why") == "" || form("by") == "" {
		return fault.New(fault.Invalid, "an erasure needs a reason and who asks for it: both stay in the ledger")
	}
	names := slices.DeleteFunc(slices.Clone(r.Form["name"]), func(s string) bool { return strings.TrimSpace(s) == "" })
	var out Erased
	out.Changed, out.Entry, err = ledger.Erase(r.Context(), h.store, h.store, site, form("account"), names, ledger.Erasure{Why: form("why"), By: form("by")})
	if err != nil {
		return err
	}
	return answer(w, out)
}
