package rowenc

import (
	"encoding/json"
	"time"

	"lienthong/engine"
)

// Publishing is what is kept of an engine.Publishing, in its order.
type Publishing struct{ Versions, Defaults [][]byte }

// EncodePublishing encodes all that one act publishes.
func EncodePublishing(op string, p engine.Publishing) (rows Publishing, err error) {
	for _, v := range p.Versions {
		b, err := EncodePublication(op, v)
		if err != nil {
			return rows, err
		}
		rows.Versions = append(rows.Versions, b)
	}
	for _, d := range p.Defaults {
		b, err := EncodeDefault(op, d)
		if err != nil {
			return rows, err
		}
		rows.Defaults = append(rows.Defaults, b)
	}
	return rows, nil
}

// EncodePublication refuses a publication without a name, a version or a hash, and
// encodes it; DecodePublication is its inverse.
func EncodePublication(op string, p engine.Publication) ([]byte, error) {
	if p.Service == "" || p.Version == "" || p.Hash == "" {
		return nil, Bad(op, "a publication needs a service, a version and a hash")
	}
	p.At = p.At.Truncate(time.Microsecond)
	b, err := json.Marshal(p)
	if err != nil {
		return nil, Bad(op, "publication: %w", err)
	}
	return Pack(withSum(b)), nil
}

// DecodePublication reads a publication.
func DecodePublication(b []byte) (p engine.Publication, err error) {
	if b, err = Unpack(b); err == nil {
		err = checkSum(b)
	}
	if err == nil {
		err = engine.Unmarshal(b, &p)
	}
	return p, err
}

// EncodeDefault encodes what was made the default; DecodeDefault is its inverse.
func EncodeDefault(op string, d engine.DefaultSet) ([]byte, error) {
	d.At = d.At.Truncate(time.Microsecond)
	b, err := json.Marshal(d)
	if err != nil {
		return nil, Bad(op, "default: %w", err)
	}
	return withSum(b), nil
}

// DecodeDefault reads what was made the default.
func DecodeDefault(b []byte) (d engine.DefaultSet, err error) {
	if err = checkSum(b); err == nil {
		err = engine.Unmarshal(b, &d)
	}
	return d, err
}
