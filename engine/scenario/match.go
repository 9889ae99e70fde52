package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"lienthong/engine"
)

// holds tells whether what is there agrees with what a story says: every entry of
// a map, with dotted paths; lists as a whole; a text that begins with ~ is a
// pattern; "none" and an empty value are nothing.
func holds(path string, want, got any) (where string, ok bool) {
	here := ""
	if path != "" {
		here = " (at " + path + ")"
	}
	switch w := want.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(w)) {
			e := w[k]
			if word, known := english(keys, k); known && at(got, k) == nil {
				k = word
			}
			if where, ok := holds(strings.TrimPrefix(path+"."+k, "."), e, at(got, k)); !ok {
				return where, false
			}
		}
		return "", true
	case []any:
		g, _ := got.([]any)
		if len(g) != len(w) {
			return here, false
		}
		for i := range w {
			if where, ok := holds(path+"."+strconv.Itoa(i), w[i], g[i]); !ok {
				return where, false
			}
		}
		return "", true
	case nil:
		return here, nothing(got)
	case string:
		if pattern, ok := strings.CutPrefix(w, "~"); ok {
			re, err := regexp.Compile(pattern)
			return here, err == nil && got != nil && re.MatchString(fmt.Sprint(got))
		}
		if fold(w) == "none" || fold(w) == "không" {
			return here, nothing(got)
		}
		if t, ok := got.(time.Time); ok {
			got = clock(t)
		}
		return here, fmt.Sprint(got) == w
	case int64:
		return here, number(got) == float64(w)
	case float64:
		return here, number(got) == w
	case bool:
		return here, got == w
	}
	return here, false
}

func nothing(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == "" || x == "–" || x == "none"
	case map[string]any:
		return len(x) == 0
	case []any:
		return len(x) == 0
	}
	return false
}

// at follows a dotted path.
func at(v any, path string) any { return engine.At(v, strings.Split(path, ".")...) }

func number(v any) float64 {
	switch x := v.(type) {
	case int64:
		return float64(x)
	case int:
		return float64(x)
	case float64:
		return x
	case json.Number:
		f, _ := x.Float64()
		return f
	}
	return -1 << 62
}
