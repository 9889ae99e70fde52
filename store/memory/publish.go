package memory

import (
	"context"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// published is a version as it is kept.
type published struct {
	service, version, hash string
	body                   []byte
}

// Publish keeps a version of a service.
func (s *Store) Publish(ctx context.Context, p engine.Publication) error {
	const op = "store.publish"
	body, err := rowenc.EncodePublication(op, p)
	if err != nil {
		return err
	}
	return s.write(ctx, op, func(t *rowenc.Undo) error {
		for _, o := range s.published {
			if o.service == p.Service && o.version == p.Version {
				if o.hash == p.Hash {
					return nil
				}
				return rowenc.Duplicate(op, "", o.hash)
			}
		}
		old := s.published
		t.Add(func() { s.published = old })
		s.published = append(s.published, published{p.Service, p.Version, p.Hash, body})
		return nil
	})
}

// Published lists every version, in the order of publication.
func (s *Store) Published(ctx context.Context) ([]engine.Publication, error) {
	const op = "store.published"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	out := []engine.Publication{}
	for _, o := range s.published {
		p, err := rowenc.DecodePublication(o.body)
		if err != nil {
			return nil, rowenc.Defect(op, "", err)
		}
		out = append(out, p)
	}
	return out, nil
}

// MakeDefault adds to the list of defaults.
func (s *Store) MakeDefault(ctx context.Context, d engine.DefaultSet) error {
	const op = "store.make_default"
	return s.write(ctx, op, func(t *rowenc.Undo) error {
		for _, o := range s.published {
			if o.service == d.Service && o.version == d.Version {
				d.At = d.At.Truncate(time.Microsecond)
				old := s.defaults
				t.Add(func() { s.defaults = old })
				s.defaults = append(s.defaults, d)
				return nil
			}
		}
		return rowenc.Missing(op, "")
	})
}

// Defaults lists what was made the default, oldest first.
func (s *Store) Defaults(ctx context.Context) ([]engine.DefaultSet, error) {
	done, err := s.read(ctx, "store.defaults")
	if err != nil {
		return nil, err
	}
	defer done()
	return append([]engine.DefaultSet{}, s.defaults...), nil
}
