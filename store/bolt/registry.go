package bolt

import (
	"context"
	"maps"
	"time"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// client is what the clients bucket says of a clientKey.
type client struct {
	Tenant  tenant.ID      `json:"tenant"`
	Product tenant.Product `json:"product"`
}

// Install implements tenant.Registry.
func (s *Store) Install(ctx context.Context, id tenant.ID, in tenant.Installation) (tenant.Tenant, error) {
	for _, err := range []error{named("tenant", string(id)), named("product", string(in.Product)), named("clientKey", in.ClientKey)} {
		if err != nil {
			return tenant.Tenant{}, err
		}
	}
	in.InstalledAt, in.RemovedAt, in.SecretUntil = utc(in.InstalledAt), utc(in.RemovedAt), utc(in.SecretUntil)
	var made tenant.Tenant
	err := s.write(ctx, "install "+string(in.Product)+" of "+string(id), func(t *tx) error {
		clients := t.Bucket(bucketClients)
		if raw := clients.Get([]byte(in.ClientKey)); raw != nil {
			known, err := decode[client]([]byte(in.ClientKey), raw)
			if err != nil {
				return err
			}
			if known != (client{id, in.Product}) {
				return fault.New(fault.Conflict, "clientKey belongs to %s of %s", known.Product, known.Tenant)
			}
		}
		b, err := t.tenant(id)
		if err != nil {
			return err
		}
		if made, err = readTenant(b, id); err != nil && !fault.Is(err, fault.NotFound) {
			return fault.As(fault.Internal, err, "install") // the bucket may be new: take all back
		}
		made.ID = id
		made.Installations = maps.Clone(made.Installations)
		if made.Installations == nil {
			made.Installations = map[tenant.Product]tenant.Installation{}
		}
		old, err := s.unsealed(b, id, made.Installations[in.Product])
		if err != nil {
			old.Secret, old.Former = tenant.Secret{}, nil // sealed by another master key: installing again is what mends that
		}
		delete(made.Installations, in.Product)
		if err := s.unseal(b, &made); err != nil {
			return err
		}
		if old.ClientKey != "" && old.ClientKey != in.ClientKey {
			if err := t.delete(clients, []byte(old.ClientKey)); err != nil {
				return err
			}
		}
		in := in.Replacing(old)
		made.Installations[in.Product] = in
		if err := t.putJSON(clients, []byte(in.ClientKey), client{id, in.Product}); err != nil {
			return err
		}
		if err := s.putSecret(t, b, id, in); err != nil {
			return err
		}
		return s.putTenant(t, b, made)
	})
	if err != nil {
		return tenant.Tenant{}, err
	}
	return made, nil
}

// Enable implements tenant.Registry.
func (s *Store) Enable(ctx context.Context, clientKey string, enabled bool) error {
	return s.write(ctx, "enable an installation", func(t *tx) error {
		return s.change(t, clientKey, func(in *tenant.Installation) { in.Enabled = enabled })
	})
}

// Renew implements tenant.Registry.
func (s *Store) Renew(ctx context.Context, clientKey string, secret tenant.Secret, until time.Time) error {
	return s.write(ctx, "renew the secret of an installation", func(t *tx) error {
		gone := false
		err := s.change(t, clientKey, func(in *tenant.Installation) {
			switch {
			case !in.Live():
				gone = true
			case until.After(in.SecretUntil):
				in.Secret, in.SecretUntil = secret, utc(until)
			}
		})
		if err == nil && gone {
			return fault.New(fault.NotFound, "the installation was removed")
		}
		return err
	})
}

// Confirm implements tenant.Registry.
func (s *Store) Confirm(ctx context.Context, clientKey string, used tenant.Secret) error {
	return s.write(ctx, "confirm the secret of an installation", func(t *tx) error {
		return s.change(t, clientKey, func(in *tenant.Installation) { *in = in.Confirmed(used) })
	})
}

// Restore implements tenant.Registry.
func (s *Store) Restore(ctx context.Context, clientKey string, took tenant.Secret, at time.Time) error {
	return s.write(ctx, "restore the former secret of an installation", func(t *tx) error {
		return s.change(t, clientKey, func(in *tenant.Installation) { *in = in.Restored(took, at) })
	})
}

// Uninstall implements tenant.Registry.
func (s *Store) Uninstall(ctx context.Context, clientKey string, at time.Time) error {
	return s.write(ctx, "uninstall", func(t *tx) error {
		return s.change(t, clientKey, func(in *tenant.Installation) {
			in.Enabled, in.RemovedAt = false, utc(at)
			in.Secret, in.SecretUntil, in.Former, in.FormerUntil = tenant.Secret{}, time.Time{}, nil, time.Time{}
		})
	})
}

func (s *Store) change(t *tx, clientKey string, do func(*tenant.Installation)) error {
	who, b, err := findClient(t.Tx, clientKey)
	if err != nil {
		return err
	}
	record, err := readTenant(b, who.Tenant)
	if err != nil {
		return err
	}
	if err := s.unseal(b, &record); err != nil {
		return err
	}
	in := record.Installations[who.Product]
	do(&in)
	record.Installations[who.Product] = in
	if err := s.putSecret(t, b, who.Tenant, in); err != nil {
		return err
	}
	return s.putTenant(t, b, record)
}

// putTenant writes a tenant's record, and has what is kept of it forgotten.
func (s *Store) putTenant(t *tx, b *bbolt.Bucket, of tenant.Tenant) error {
	t.after = append(t.after, s.known.forget)
	return t.putJSON(b, keyTenant, of)
}

// ByClientKey implements tenant.Registry.
func (s *Store) ByClientKey(ctx context.Context, clientKey string) (tenant.Tenant, tenant.Installation, error) {
	found, who, kept, changes := s.known.client(clientKey)
	if kept {
		return found, found.Installations[who.Product], nil
	}
	err := s.view(ctx, "find an installation by its clientKey", func(btx *bbolt.Tx) (err error) {
		var b *bbolt.Bucket
		if who, b, err = findClient(btx, clientKey); err != nil {
			return err
		}
		if found, err = readTenant(b, who.Tenant); err != nil {
			return fault.As(fault.Internal, err, "clientKey without its tenant")
		}
		return s.unseal(b, &found)
	})
	if err != nil {
		return tenant.Tenant{}, tenant.Installation{}, err
	}
	s.known.keep(changes, found)
	return found, found.Installations[who.Product], nil
}

// Get implements tenant.Registry.
func (s *Store) Get(ctx context.Context, id tenant.ID) (tenant.Tenant, error) {
	found, kept, changes := s.known.tenant(id)
	if kept {
		return found, nil
	}
	err := s.view(ctx, "get tenant "+string(id), func(btx *bbolt.Tx) (err error) {
		found, err = s.tenant(btx, id)
		return err
	})
	if err != nil {
		return tenant.Tenant{}, err
	}
	s.known.keep(changes, found)
	return found, nil
}

// All implements tenant.Registry, secrets included.
func (s *Store) All(ctx context.Context) ([]tenant.Tenant, error) {
	var all []tenant.Tenant
	err := s.view(ctx, "list tenants", func(btx *bbolt.Tx) error {
		return btx.Bucket(bucketTenants).ForEachBucket(func(id []byte) error {
			one, err := s.tenant(btx, tenant.ID(id))
			switch {
			case fault.Is(err, fault.NotFound): // has records, was never installed
				return nil
			case err != nil:
				return err
			}
			all = append(all, one)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// tenant is the tenant's bucket, made when it is new.
func (t *tx) tenant(id tenant.ID) (*bbolt.Bucket, error) {
	tenants := t.Bucket(bucketTenants)
	if b := tenants.Bucket([]byte(id)); b != nil {
		return b, nil
	}
	t.wrote = true
	b, err := tenants.CreateBucket([]byte(id))
	if err != nil {
		return nil, err
	}
	for _, name := range append(logBuckets(), bucketSecrets, bucketPages, bucketThreats, bucketIssues, bucketLedger) {
		if _, err := b.CreateBucket(name); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (s *Store) tenant(btx *bbolt.Tx, id tenant.ID) (tenant.Tenant, error) {
	b := btx.Bucket(bucketTenants).Bucket([]byte(id))
	if b == nil {
		return tenant.Tenant{}, fault.New(fault.NotFound, "no tenant %s", id)
	}
	found, err := readTenant(b, id)
	if err != nil {
		return tenant.Tenant{}, err
	}
	return found, s.unseal(b, &found)
}

func readTenant(b *bbolt.Bucket, id tenant.ID) (tenant.Tenant, error) {
	raw := b.Get(keyTenant)
	if raw == nil {
		return tenant.Tenant{}, fault.New(fault.NotFound, "no tenant %s", id)
	}
	return decode[tenant.Tenant](keyTenant, raw)
}

func findClient(btx *bbolt.Tx, clientKey string) (client, *bbolt.Bucket, error) {
	raw := btx.Bucket(bucketClients).Get([]byte(clientKey))
	if raw == nil {
		return client{}, nil, fault.New(fault.NotFound, "no installation has this clientKey")
	}
	who, err := decode[client]([]byte(clientKey), raw)
	if err != nil {
		return client{}, nil, err
	}
	b := btx.Bucket(bucketTenants).Bucket([]byte(who.Tenant))
	if b == nil {
		return client{}, nil, fault.New(fault.Internal, "clientKey of tenant %s, which is gone", who.Tenant)
	}
	return who, b, nil
}
