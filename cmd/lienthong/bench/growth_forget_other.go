//go:build !linux

package bench

// forget does nothing here: only the store's own cache is cold.
func forget(string) error { return nil }
