package rowenc

// Undo remembers how to take back writes to maps, so that a call that fails
// leaves nothing behind. The zero value is ready.
type Undo struct{ steps []func() }

// Put writes one key of a map.
func Put[K comparable, V any](u *Undo, m map[K]V, k K, v V) {
	old, had := m[k]
	u.Add(func() {
		if had {
			m[k] = old
		} else {
			delete(m, k)
		}
	})
	m[k] = v
}

// Drop deletes one key of a map.
func Drop[K comparable, V any](u *Undo, m map[K]V, k K) {
	if old, had := m[k]; had {
		u.Add(func() { m[k] = old })
		delete(m, k)
	}
}

// Add remembers a step to take back.
func (u *Undo) Add(step func()) { u.steps = append(u.steps, step) }

// Rollback takes everything back, last first.
func (u *Undo) Rollback() {
	for i := len(u.steps) - 1; i >= 0; i-- {
		u.steps[i]()
	}
	u.steps = nil
}
