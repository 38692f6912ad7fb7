package bolt

import (
	"maps"
	"sync"

	"github.com/throughline/throughline/app/tenant"
)

// known keeps tenants as they were last read, since each event and each job asks for one: reading, decoding and unsealing it would
// cost more than the event itself. Who changes a tenant has all of them forgotten once that is committed.
type known struct {
	mu      sync.Mutex
	changes uint64
	tenants map[tenant.ID]tenant.Tenant
	clients map[string]client
}

// knownAtMost bounds the tenants kept; beyond it all are read again.
const knownAtMost = 1024

// tenant is a kept one, the caller's own. When there is none, keep wants the number that is returned.
func (k *known) tenant(id tenant.ID) (of tenant.Tenant, found bool, changes uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	of, found = k.tenants[id]
	of.Installations = maps.Clone(of.Installations)
	return of, found, k.changes
}

// client is tenant by a clientKey, with the product that it is for.
func (k *known) client(clientKey string) (of tenant.Tenant, who client, found bool, changes uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if who, found = k.clients[clientKey]; found {
		of, found = k.tenants[who.Tenant]
		of.Installations = maps.Clone(of.Installations)
	}
	return of, who, found, k.changes
}

// keep takes in what was read after the changes that were counted then; something older is not kept.
func (k *known) keep(changes uint64, of tenant.Tenant) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if changes != k.changes {
		return
	}
	if k.tenants == nil || len(k.tenants) >= knownAtMost {
		k.tenants, k.clients = map[tenant.ID]tenant.Tenant{}, map[string]client{}
	}
	of.Installations = maps.Clone(of.Installations)
	k.tenants[of.ID] = of
	for product, in := range of.Installations {
		k.clients[in.ClientKey] = client{of.ID, product}
	}
}

// forget is called after a change was committed, before its sender hears of it.
func (k *known) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changes++
	k.tenants, k.clients = nil, nil
}
