package machine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/looplab/fsm"

	"lienthong/engine"
)

// stateMachine is one procedure's transitions. It holds no fsm.FSM: Fire builds
// one for the transition, fires it once and drops it.
type stateMachine struct {
	procedure string
	edges     map[string]map[string][]string // state → action → targets
	legal     map[string][]string            // state → actions, sorted
}

var _ engine.Machine = (*stateMachine)(nil)

func newMachine(p *engine.Procedure) *stateMachine {
	m := &stateMachine{procedure: p.ID, edges: map[string]map[string][]string{}, legal: map[string][]string{}}
	for _, a := range p.Actions {
		for _, from := range a.From {
			if m.edges[from] == nil {
				m.edges[from] = map[string][]string{}
			}
			for _, t := range a.To {
				m.edges[from][a.ID] = append(m.edges[from][a.ID], t.State)
			}
			if len(a.To) == 0 {
				m.edges[from][a.ID] = []string{from}
			}
		}
	}
	for s, actions := range m.edges {
		m.legal[s] = keysOf(actions)
	}
	return m
}

// Legal lists the actions defined in a state, sorted.
func (m *stateMachine) Legal(state string) []string { return slices.Clone(m.legal[state]) }

// Fire takes one transition; see engine.Machine. An empty target means the
// state itself, for an action that stays.
func (m *stateMachine) Fire(state, action, target string, guard func() error) (string, error) {
	targets, ok := m.edges[state][action]
	if !ok {
		return "", m.wrongState(state, action)
	}
	if target == "" {
		target = state
	}
	if !slices.Contains(targets, target) {
		return "", m.defect(state, action, fmt.Errorf("%q is not a target of this action", target))
	}
	var src, dst string
	f := fsm.NewFSM(state, fsm.Events{{Name: action, Src: []string{state}, Dst: target}}, fsm.Callbacks{
		"before_event": func(_ context.Context, e *fsm.Event) {
			if guard == nil {
				return
			}
			if err := guard(); err != nil {
				e.Cancel(err)
			}
		},
		"enter_state": func(_ context.Context, e *fsm.Event) { src, dst = e.Src, e.Dst },
	})
	// No caller's context: a cancelled one would wedge the machine half-way, and
	// a decision must not depend on who is still listening.
	err := f.Event(context.WithoutCancel(context.Background()), action)
	var canceled fsm.CanceledError
	var stayed fsm.NoTransitionError
	switch {
	case err == nil:
		if src != state || dst != target || f.Current() != target {
			return "", m.defect(state, action, fmt.Errorf("moved %q → %q, want %q", src, dst, target))
		}
		return dst, nil
	case errors.As(err, &canceled) && canceled.Err != nil:
		return "", canceled.Err
	case errors.As(err, &stayed) && stayed.Err == nil && target == state:
		return state, nil
	}
	return "", m.defect(state, action, err)
}

func (m *stateMachine) wrongState(state, action string) error {
	return &engine.Error{
		Code: engine.WrongState, Op: "fire " + m.procedure + "." + action, Legal: m.Legal(state),
		Detail: engine.Text{
			VI: "Thao tác này không thực hiện được ở trạng thái hiện tại của hồ sơ.",
			EN: "This action is not open in the dossier's present state."},
		Err: fmt.Errorf("action %q in state %q", action, state),
	}
}

func (m *stateMachine) defect(state, action string, err error) error {
	return &engine.Error{
		Code: engine.Internal, Op: "fire " + m.procedure + "." + action + " in " + state, Err: err,
		Detail: engine.Text{VI: "Lỗi của hệ thống.", EN: "A defect of the system."},
	}
}
