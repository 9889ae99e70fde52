package diagram_test

import (
	"maps"
	"testing"

	"lienthong/engine"
	"lienthong/engine/diagram"
)

func marks(g diagram.Graph) map[string]diagram.Mark {
	m := map[string]diagram.Mark{}
	for _, n := range g.Nodes {
		m[n.ID] = n.Mark
	}
	return m
}

func TestPaintService(t *testing.T) {
	c := birthCase()
	c.Dossiers[3].Status, c.Dossiers[3].Final = engine.StatusWaiting, engine.FinalNone
	want := map[string]diagram.Mark{
		"file": diagram.Done, "birth": diagram.Done, "residence": diagram.Current, "card": diagram.Done,
		"identity": diagram.Waiting, "results": diagram.Waiting,
	}
	if got := marks(diagram.Service(birthService(), diagram.Options{Case: c})); !maps.Equal(got, want) {
		t.Errorf("painted %v, want %v", got, want)
	}
	c.Dossiers[3].Status, c.Dossiers[1].Status = engine.StatusClosed, engine.StatusEnded
	c.Status, c.Outcome = engine.CaseEnded, engine.CompletedInPart
	c.Dossiers[1].Final = engine.FinalExpired
	want["identity"], want["residence"], want["results"] = diagram.Struck, diagram.Struck, diagram.Done
	if got := marks(diagram.Service(birthService(), diagram.Options{Case: c})); !maps.Equal(got, want) {
		t.Errorf("painted %v, want %v", got, want)
	}
}

// While the fee is waited for, the filing is the current box.
func TestPaintFee(t *testing.T) {
	c := &engine.Case{Fee: &engine.FeeDue{Status: engine.FeeWaiting}}
	if got := marks(diagram.Service(birthService(), diagram.Options{Case: c})); got["file"] != diagram.Current || got["birth"] != diagram.Waiting {
		t.Errorf("painted %v", got)
	}
}

func TestPaintProcedure(t *testing.T) {
	g := diagram.Procedure(birthProcedure(), diagram.Options{Case: midBirth()})
	got := marks(g)
	for id, want := range map[string]diagram.Mark{
		"submitted": diagram.Done, "supplement": diagram.Done, "received": diagram.Done, "confirming": diagram.Done,
		"assigning": diagram.Done, "signing": diagram.Current, "recording": diagram.Waiting, "refused": diagram.Waiting,
	} {
		if got[id] != want {
			t.Errorf("%s is %q, want %q", id, got[id], want)
		}
	}
	for _, e := range g.Edges {
		name := e.Action + " " + g.Nodes[e.From].ID + " " + g.Nodes[e.To].ID
		switch name {
		case "receive submitted received", "request_supplement submitted supplement", "answer_supplement supplement submitted",
			"draft received confirming", "confirm confirming assigning", "assigned assigning signing":
			if e.Mark != diagram.Done {
				t.Errorf("%s is not painted", name)
			}
		default:
			if e.Mark == diagram.Done {
				t.Errorf("%s is painted", name)
			}
		}
	}
}

// A loop that was gone twice leaves the record of its last turn only; what is
// certain is painted all the same.
func TestPaintBrokenTrail(t *testing.T) {
	c := midBirth()
	c.Dossiers[0].State = "confirming"
	c.Dossiers[0].Data = map[string]any{"receive": at(1), "dispute": at(3), "draft": at(4)}
	got := marks(diagram.Procedure(birthProcedure(), diagram.Options{Case: c}))
	if got["received"] != diagram.Done || got["confirming"] != diagram.Current || got["submitted"] != diagram.Done {
		t.Errorf("painted %v", got)
	}
}

func TestPaintEnded(t *testing.T) {
	opt := diagram.Options{Case: birthCase()}
	if got := marks(diagram.Procedure(birthProcedure(), opt)); got["registered"] != diagram.Done || got["expired"] != diagram.Waiting {
		t.Errorf("a success is painted %v", got)
	}
	if got := marks(diagram.Procedure(birthService().Steps[3].Procedure, opt)); got["refused"] != diagram.Struck || got["checking"] != diagram.Done {
		t.Errorf("a refusal is painted %v", got)
	}
	opt.Detail = true
	if got := marks(diagram.Service(birthService(), opt)); got["identity/granted"] != diagram.Struck || got["residence/updating"] != diagram.Current {
		t.Errorf("the details are painted %v", got)
	}
}

// Two steps that run one procedure are told apart by Options.Step.
func TestPaintByStep(t *testing.T) {
	c := birthCase()
	c.Dossiers = append(c.Dossiers, &engine.Dossier{Step: "again", Procedure: "identity_card", Status: engine.StatusOpen, State: "checking"})
	p := birthService().Steps[3].Procedure
	if got := marks(diagram.Procedure(p, diagram.Options{Case: c, Step: "again"})); got["checking"] != diagram.Current {
		t.Errorf("painted %v", got)
	}
}
