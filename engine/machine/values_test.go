package machine

import (
	"reflect"
	"testing"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/traits"
)

// A map that is plain throughout is copied; the copy must be what the walk through
// CEL's values gives, and share nothing with what came in.
func TestAPlainMapIsCopiedAsItIsConverted(t *testing.T) {
	at := time.Date(2026, 9, 3, 9, 0, 0, 0, time.UTC)
	in := map[string]any{"s": "An", "i": int64(7), "f": 1.5, "b": true, "n": nil, "t": at,
		"m": map[string]any{"l": []any{"x", []any{}, map[string]any{}}, "none": []any(nil), "nothing": map[string]any(nil)}}
	for name, v := range map[string]map[string]any{"plain": in, "with what must be converted": {"int": 7, "in": in, "texts": []string{"a"}}} {
		x := types.DefaultTypeAdapter.NativeToValue(v)
		got, ok, err := plain(x, 0)
		want, werr := plainMap(x.(traits.Mapper), 0)
		if err != nil || werr != nil || !ok || !reflect.DeepEqual(got, any(want)) {
			t.Errorf("%s: %#v, %v\nwant %#v, %v", name, got, err, want, werr)
		}
	}
	out, _, _ := plain(types.DefaultTypeAdapter.NativeToValue(in), 0)
	out.(map[string]any)["m"].(map[string]any)["l"].([]any)[0] = "y"
	if l := in["m"].(map[string]any)["l"].([]any); l[0] != "x" {
		t.Error("the copy is the original")
	}
	deep := map[string]any{}
	for range maxValueDepth + 1 {
		deep = map[string]any{"d": deep}
	}
	if _, _, err := plain(types.DefaultTypeAdapter.NativeToValue(deep), 0); err == nil {
		t.Error("a value without a bottom went out")
	}
}
