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

// unlike is the first place at which what is there is not as a story says.
type unlike struct {
	path      string // dotted; "" = the whole
	want, got any
}

// differ compares what a story says with what is there; nil when it holds: every
// entry of a map, with dotted paths; lists as a whole; a text that begins with ~ is a
// pattern; "none" and an empty value are nothing.
func differ(path string, want, got any) *unlike {
	switch w := want.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(w)) {
			e := w[k]
			if word, known := english(keys, k); known && at(got, k) == nil {
				k = word
			}
			if bad := differ(strings.TrimPrefix(path+"."+k, "."), e, at(got, k)); bad != nil {
				return bad
			}
		}
		return nil
	case []any:
		g, _ := got.([]any)
		if len(g) != len(w) {
			return &unlike{path, want, got}
		}
		for i := range w {
			if bad := differ(strings.TrimPrefix(path+"."+strconv.Itoa(i), "."), w[i], g[i]); bad != nil {
				return bad
			}
		}
		return nil
	}
	if !holds(want, got) {
		return &unlike{path, want, got}
	}
	return nil
}

// holds compares one value.
func holds(want, got any) bool {
	switch w := want.(type) {
	case nil:
		return nothing(got)
	case string:
		if pattern, ok := strings.CutPrefix(w, "~"); ok {
			re, err := regexp.Compile(pattern)
			return err == nil && got != nil && re.MatchString(fmt.Sprint(got))
		}
		if fold(w) == "none" || fold(w) == "không" {
			return nothing(got)
		}
		if t, ok := got.(time.Time); ok {
			got = clock(t)
		}
		return fmt.Sprint(got) == w
	case int64:
		return number(got) == float64(w)
	case float64:
		return number(got) == w
	case bool:
		return got == w
	}
	return false
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
