package system

import (
	"context"
	"sync"

	"lienthong/api"
	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/engine/replay"
	"lienthong/engine/verify"
)

// tools are what testers run over the definitions that this process serves.
func tools(live *machine.Live) api.Tools {
	k := &checks{live: live}
	return api.Tools{
		Check: k.check,
		Again: func(history []engine.Entry, version string) any {
			return replay.Again(live.Set(), history, replay.Options{Version: version})
		},
	}
}

// checks runs one search at a time and keeps what it found, until something is
// published.
type checks struct {
	live *machine.Live
	mu   sync.Mutex
	set  *machine.Set             // that done is about
	done map[string]verify.Report // by service, within the usual bound
}

func (k *checks) check(ctx context.Context, service string, maxStates int) (any, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if set := k.live.Set(); set != k.set {
		k.set, k.done = set, map[string]verify.Report{}
	}
	if r, ok := k.done[service]; ok && maxStates == 0 {
		return r, nil
	}
	r, err := verify.Check(ctx, k.set, verify.Options{Service: service, MaxStates: maxStates, Staff: OfficeStaff(k.set.Offices())})
	if err == nil && maxStates == 0 {
		k.done[service] = r
	}
	return r, err
}
