package bolt

import (
	"encoding/json"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// seat binds a sealed secret to the installation it was made for.
func seat(id tenant.ID, in tenant.Installation) []byte {
	return key("secret", string(id), string(in.Product), in.ClientKey)
}

// formerSeat is the place of the former secrets, which are sealed as one.
func formerSeat(id tenant.ID, in tenant.Installation) []byte {
	return key("former secrets", string(id), string(in.Product), in.ClientKey)
}

// formerKey is their row in the bucket of secrets.
func formerKey(p tenant.Product) []byte { return key(string(p), "former") }

func (s *Store) putSecret(t *tx, b *bbolt.Bucket, id tenant.ID, in tenant.Installation) error {
	secrets := b.Bucket(bucketSecrets)
	if err := s.putFormer(t, secrets, id, in); err != nil {
		return err
	}
	if in.Secret.Empty() {
		return t.delete(secrets, []byte(in.Product))
	}
	return t.put(secrets, []byte(in.Product), s.seal.seal([]byte(in.Secret.Reveal()), seat(id, in)))
}

func (s *Store) putFormer(t *tx, secrets *bbolt.Bucket, id tenant.ID, in tenant.Installation) error {
	if len(in.Former) == 0 {
		return t.delete(secrets, formerKey(in.Product))
	}
	values := make([]string, len(in.Former))
	for n, secret := range in.Former {
		values[n] = secret.Reveal()
	}
	plain, err := json.Marshal(values)
	if err != nil {
		return fault.As(fault.Internal, err, "encode former secrets")
	}
	return t.put(secrets, formerKey(in.Product), s.seal.seal(plain, formerSeat(id, in)))
}

// unseal fills in the secrets of a tenant.
func (s *Store) unseal(b *bbolt.Bucket, of *tenant.Tenant) error {
	if s.seal == nil {
		return nil
	}
	for product, in := range of.Installations {
		in, err := s.unsealed(b, of.ID, in)
		if err != nil {
			return fault.As(fault.Internal, err, "the secrets of %s of %s were not sealed here; reinstall the app there", product, of.ID)
		}
		of.Installations[product] = in
	}
	return nil
}

// unsealed is an installation with its secrets.
func (s *Store) unsealed(b *bbolt.Bucket, id tenant.ID, in tenant.Installation) (tenant.Installation, error) {
	secrets := b.Bucket(bucketSecrets)
	plain, err := s.opened(secrets.Get([]byte(in.Product)), seat(id, in))
	if err != nil {
		return in, err
	}
	in.Secret = tenant.NewSecret(string(plain))
	former, err := s.opened(secrets.Get(formerKey(in.Product)), formerSeat(id, in))
	if err != nil {
		return in, err
	}
	in.Former, err = formerOf(former)
	return in, err
}

// opened is what was sealed for a place; nil where nothing is.
func (s *Store) opened(sealed, place []byte) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	return s.seal.open(sealed, place)
}

func formerOf(plain []byte) ([]tenant.Secret, error) {
	if plain == nil {
		return nil, nil
	}
	var values []string
	if json.Unmarshal(plain, &values) != nil {
		return nil, errors.New("they are no list") // the decoder's error may quote them
	}
	out := make([]tenant.Secret, len(values))
	for n, value := range values {
		out[n] = tenant.NewSecret(value)
	}
	return out, nil
}
