package agencies

// Description is what a registry says of one of its operations, for whoever
// compares it with workflows/registries.
type Description struct {
	ChangesRegister bool
	Cancellable     bool
	Refusals        map[string]map[string]string // code → language → text
}

// Operations describes what one registry serves.
func Operations(registry string) map[string]Description {
	all := map[string]Description{}
	for _, r := range registers() {
		if r.id != registry {
			continue
		}
		for name, op := range r.operations {
			d := Description{ChangesRegister: op.changes, Cancellable: op.cancellable, Refusals: map[string]map[string]string{}}
			for _, code := range op.refusals {
				d.Refusals[code] = refusals[code].detail()
			}
			all[name] = d
		}
	}
	return all
}
