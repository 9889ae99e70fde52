package machine_test

import (
	"os"
	"testing"

	"lienthong/engine/machine"
)

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := machine.Load(os.DirFS("../../workflows")); err != nil {
			b.Log(err)
		}
	}
}
