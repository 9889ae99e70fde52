package rowenc

import (
	"fmt"
	"slices"
	"testing"

	"lienthong/engine"
)

// TestFigures: what a case contributes comes back, packed as now and plain as before
// format 12, and damage is an error.
func TestFigures(t *testing.T) {
	var fs []engine.Figure
	for i := range 12 {
		fs = append(fs, engine.Figure{Day: "2026-09-07", Office: "civil_status_20242", Service: "birth", Procedure: []string{"", "birth_registration"}[i/6],
			Name: fmt.Sprint(engine.FigEnded, i), Due: int64(i), Value: int64(10800 * i)})
	}
	packed := EncodeFigures(fs)
	plain, err := Unpack(packed)
	if err != nil || len(packed) >= len(plain) {
		t.Fatalf("%d bytes of %d, %v", len(packed), len(plain), err)
	}
	for _, v := range [][]byte{packed, plain} {
		if got, err := DecodeFigures(v); err != nil || !slices.Equal(got, fs) {
			t.Errorf("%.20q says %v, %v", v, got, err)
		}
	}
	for _, v := range [][]byte{packed[:len(packed)-1], packed[:1], []byte(`[["2026-09-07"]]`), nil} {
		if got, err := DecodeFigures(v); err == nil {
			t.Errorf("%.20q says %v", v, got)
		}
	}
}
