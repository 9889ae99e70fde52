package storetest

import (
	"testing"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Hooks reach into a commit: Plan runs before a change is checked and may panic;
// Commit runs around the commit and may fail, before or after it happened.
type Hooks struct {
	Plan   func(code string)
	Commit func(commit func() error) error
}

// Target is a store under test.
type Target struct {
	// Open opens the store that lives in a folder, with hooks. The suite closes it.
	Open func(t testing.TB, dir string, h Hooks) engine.Store
	// Groups tells that calls which wait for each other share a transaction.
	Groups bool
	// Durable tells that what was written is there after Close and Open.
	Durable bool
	// Tamper changes a stored entry behind the store's back.
	Tamper func(t testing.TB, s engine.Store, code string, seq int64, change func(*rowenc.Sealed))
	// Remove deletes a stored entry behind the store's back.
	Remove func(t testing.TB, s engine.Store, code string, seq int64)
	// TamperCase changes the stored own fields of a case behind the store's back.
	TamperCase func(t testing.TB, s engine.Store, code string, change func([]byte) []byte)
	// TamperAccess changes a line of the access log behind the store's back.
	TamperAccess func(t testing.TB, s engine.Store, n int64, change func(*rowenc.AccessRow))
}

// Run runs the whole suite.
func Run(t *testing.T, target Target) {
	for _, suite := range []struct {
		name string
		run  func(*testing.T, Target)
	}{
		{"Append", testAppend},
		{"Shared", testShared},
		{"Kept", testKept},
		{"History", testHistory},
		{"Outbox", testOutbox},
		{"Timers", testTimers},
		{"Lists", testLists},
		{"Search", testSearch},
		{"Desk", testDesk},
		{"Figures", testFigures},
		{"Publish", testPublish},
		{"Codes", testCodes},
		{"Encoding", testEncoding},
		{"Chain", testChain},
		{"Erasure", testErasure},
		{"Reopen", testReopen},
		{"Retention", testRetention},
		{"Close", testClose},
	} {
		t.Run(suite.name, func(t *testing.T) { suite.run(t, target) })
	}
}

// open opens a store in a folder of its own and closes it after the test.
func (x Target) open(t testing.TB, h Hooks) engine.Store {
	t.Helper()
	s := x.Open(t, t.TempDir(), h)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}
