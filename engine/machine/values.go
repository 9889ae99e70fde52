package machine

import (
	"fmt"
	"math"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// maxValueDepth bounds what an expression may nest.
const maxValueDepth = 64

// plain converts a CEL value to plain Go, deeply. The second result is false for
// an optional without a value: it is left out of lists and maps.
func plain(v ref.Val, depth int) (any, bool, error) {
	if depth > maxValueDepth {
		return nil, false, fmt.Errorf("the value is nested too deeply")
	}
	switch x := v.(type) {
	case *types.Err:
		return nil, false, x
	case *types.Optional:
		if !x.HasValue() {
			return nil, false, nil
		}
		return plain(x.GetValue(), depth+1)
	case types.Null:
		return nil, true, nil
	case types.Bool:
		return bool(x), true, nil
	case types.Int:
		return int64(x), true, nil
	case types.Uint:
		if uint64(x) > math.MaxInt64 {
			return nil, false, fmt.Errorf("the number %d is out of range", uint64(x))
		}
		return int64(x), true, nil
	case types.Double:
		return float64(x), true, nil
	case types.String:
		return string(x), true, nil
	case types.Timestamp:
		return x.Time, true, nil
	case traits.Mapper:
		if c, ok := copied(x.Value(), depth); ok { // it came in and goes out as it is
			return c, true, nil
		}
		m, err := plainMap(x, depth)
		return m, true, err
	case traits.Lister:
		l, err := plainList(x, depth)
		return l, true, err
	}
	if t, ok := v.Value().(time.Time); ok {
		return t, true, nil
	}
	return nil, false, fmt.Errorf("a value of type %s cannot leave an expression", v.Type().TypeName())
}

// copied copies a value that is plain Go throughout; false when it is not, or nested
// too deeply.
func copied(v any, depth int) (any, bool) {
	if depth > maxValueDepth {
		return nil, false
	}
	switch x := v.(type) {
	case nil, bool, int64, float64, string, time.Time:
		return v, true
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			c, ok := copied(e, depth+1)
			if !ok {
				return nil, false
			}
			out[k] = c
		}
		return out, true
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			c, ok := copied(e, depth+1)
			if !ok {
				return nil, false
			}
			out[i] = c
		}
		return out, true
	}
	return nil, false
}

func plainList(l traits.Lister, depth int) ([]any, error) {
	out := []any{}
	for it := l.Iterator(); it.HasNext() == types.True; {
		v, ok, err := plain(it.Next(), depth+1)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, v)
		}
	}
	return out, nil
}

func plainMap(m traits.Mapper, depth int) (map[string]any, error) {
	out := map[string]any{}
	for it := m.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		key, ok := k.(types.String)
		if !ok {
			return nil, fmt.Errorf("the keys of a map must be text, not %s", k.Type().TypeName())
		}
		v, ok, err := plain(m.Get(k), depth+1)
		if err != nil {
			return nil, err
		}
		if ok {
			out[string(key)] = v
		}
	}
	return out, nil
}
