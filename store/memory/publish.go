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

// Publish keeps versions and defaults, all of them or none.
func (s *Store) Publish(ctx context.Context, p engine.Publishing) error {
	const op = "store.publish"
	rows, err := rowenc.EncodePublishing(op, p)
	if err != nil {
		return err
	}
	return s.write(ctx, op, s.answering(op, p.Answer, func(t *rowenc.Undo) error {
		versions, defaults := s.published, s.defaults
		t.Add(func() { s.published, s.defaults = versions, defaults })
		for i, v := range p.Versions {
			hash, stands := s.hashOf(v.Service, v.Version)
			if stands && hash != v.Hash {
				return rowenc.Duplicate(op, "", hash)
			}
			if !stands {
				s.published = append(s.published, published{v.Service, v.Version, v.Hash, rows.Versions[i]})
			}
		}
		for _, d := range p.Defaults {
			if _, stands := s.hashOf(d.Service, d.Version); !stands {
				return rowenc.Missing(op, "")
			}
			d.At = d.At.Truncate(time.Microsecond)
			s.defaults = append(s.defaults, d)
		}
		return nil
	}))
}

// hashOf is a published version's hash.
func (s *Store) hashOf(service, version string) (hash string, stands bool) {
	for _, o := range s.published {
		if o.service == service && o.version == version {
			return o.hash, true
		}
	}
	return "", false
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

// Defaults lists what was made the default, oldest first.
func (s *Store) Defaults(ctx context.Context) ([]engine.DefaultSet, error) {
	done, err := s.read(ctx, "store.defaults")
	if err != nil {
		return nil, err
	}
	defer done()
	return append([]engine.DefaultSet{}, s.defaults...), nil
}
