package engine_test

import (
	"testing"

	"lienthong/engine"
)

// versions are definitions with a second version of the service.
type versions struct {
	*defs
	second *engine.Service
}

func (v versions) Service(id, version string) (*engine.Service, error) {
	if version == v.second.Version {
		return v.second, nil
	}
	return v.defs.Service(id, version)
}

// A migration after which everybody has agreed who must may end the case. That cannot be
// taken back: people were told of the end, and parts of it would stand open in an ended
// case.
func TestMigrationThatEndedTheCaseIsNotTakenBack(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	l.must(l.staff("card", "approve", engine.ByOfficer, nil))
	l.must(l.citizen("H", "residence", "consent", nil))
	l.state("residence", "consenting")
	second := *l.defs.svc
	second.Version, second.Hash = "2", "h2"
	residence := *second.Steps[1].Procedure
	residence.Parties = []*engine.PartySet{{ID: "head", People: path("dossier.head")}} // the owners are not asked any more
	residence.Actions = append([]*engine.Action{{ID: "consent", From: []string{"consenting"}, To: to("registered"), Party: &engine.PartyRule{Sets: []string{"head"}}}}, residence.Actions[2:]...)
	residence.Machine = fsm{&residence}
	step := *second.Steps[1]
	step.Procedure = &residence
	second.Steps = []*engine.Step{second.Steps[0], &step, second.Steps[2]}
	set := versions{l.defs, &second}
	admin := engine.Actor{Kind: engine.Staff, ID: "admin", Roles: []string{engine.ByAdministrator}}
	do := func(action string, in map[string]any) error {
		es, err := engine.Decide(set, l.c, engine.Command{Action: action, Case: l.c.Code, Actor: admin, Input: in}, engine.Facts{}, l.now)
		for _, e := range es {
			l.c = engine.Fold(l.c, e)
		}
		return err
	}
	l.must(do(engine.ActMigrate, map[string]any{"version": "2"}))
	if l.c.Status != engine.CaseEnded || l.c.Undo == nil {
		t.Fatalf("%s, %+v", l.c.Status, l.c.Undo)
	}
	l.code(do(engine.ActRevert, map[string]any{}), engine.Precondition)
	l.state("residence", "registered")
}
