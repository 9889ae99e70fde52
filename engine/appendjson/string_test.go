package appendjson

import (
	"bytes"
	"encoding/json"
	"testing"
)

// TestEveryBeginning: two bytes of every kind, alone and with more behind them, are
// written as encoding/json does.
func TestEveryBeginning(t *testing.T) {
	for first := range 256 {
		for second := range 256 {
			for _, s := range []string{"a" + string([]byte{byte(first), byte(second)}), string([]byte{byte(first), byte(second), 0xa8}), string([]byte{byte(first), byte(second), 'z'})} {
				want, err := json.Marshal(s)
				if got, gerr := Value(nil, s); err != nil || gerr != nil || !bytes.Equal(got, want) {
					t.Fatalf("%q: %s, want %s (%v, %v)", s, got, want, gerr, err)
				}
			}
		}
	}
}
