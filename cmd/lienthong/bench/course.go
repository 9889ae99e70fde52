package bench

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"strings"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/workflows"
)

// The jobs that can be measured.
const (
	Birth = "birth" // the shipped linked birth with all its parts
	Small = "small" // the smallest linked job: as much work as other engines are compared by
)

// course is a job: what is filed and what people do then. Registries answer in
// between.
type course struct {
	service     string
	application func(n int, f family) map[string]any
	first       []deed
	branches    [][]deed // side by side, after the first
	last        []deed   // when the case has ended
	entries     int      // of one case
}

// deed is one thing that a person does.
type deed struct {
	by     string // staff role at the dossier's office, or applicant, or head
	step   string
	state  string // of the dossier, when it is this person's turn
	action string
	input  func(k *job) map[string]any
}

// The persons who are not staff.
const (
	byApplicant = "applicant"
	byHead      = "head" // of the household: the grandfather
)

var courses = map[string]*course{
	// 1 + 4 + 3 + 1 + 1 deeds, 7 answers: the marriage of the parents, the number, the
	// register of births, who may consent, the household, the health card, the
	// identity card.
	Birth: {
		service: "birth", application: application, entries: 18,
		first: []deed{
			{engine.ByReception, "birth", "submitted", "receive", nil},
			{engine.ByOfficer, "birth", "received", "draft", func(k *job) map[string]any { return draftOf(k.app) }},
			{byApplicant, "birth", "confirming", "confirm", nil},
			{engine.ByLeader, "birth", "signing", "sign", nil},
		},
		branches: [][]deed{
			{
				{byHead, "residence", "consenting", "consent", nil},
				{engine.ByOfficer, "residence", "checking", "check", func(k *job) map[string]any {
					return map[string]any{"household": k.family.home, "relation": "grandchild", "consent_shown_by": "vneid"}
				}},
				{engine.ByLeader, "residence", "signing", "approve", nil},
			},
			{{engine.ByOfficer, "card", "checking", "approve", nil}},
			{{engine.ByOfficer, "identity", "checking", "approve", nil}},
		},
		last: []deed{{engine.ByReception, "identity", "issued", "hand_over", nil}},
	},
	// Three approvals and three answers after the filing: seven commands.
	Small: {
		service: "small", application: smallApplication, entries: 7,
		first: []deed{{engine.ByLeader, "first", "checking", "approve", nil}},
		branches: [][]deed{
			{{engine.ByLeader, "second", "checking", "approve", nil}},
			{{engine.ByLeader, "third", "checking", "approve", nil}},
		},
	},
}

//go:embed small
var smallFiles embed.FS

// definitionsOf are the shipped ones, for the small job with its own beside them.
func definitionsOf(job string) (*machine.Set, error) {
	if job == Birth {
		return workflows.Load()
	}
	files, err := machine.ReadFiles(workflows.Files())
	if err != nil {
		return nil, err
	}
	own, err := fs.Sub(smallFiles, "small")
	if err != nil {
		return nil, err
	}
	more, err := machine.ReadFiles(own)
	if err != nil {
		return nil, err
	}
	maps.Copy(files, more)
	return machine.Load(files)
}

// smallApplication is about 1 KiB.
func smallApplication(n int, f family) map[string]any {
	note := fmt.Sprintf("%07d ", n)
	return map[string]any{"commune": f.commune.Code, "note": note + strings.Repeat("Kính đề nghị xem xét. ", 40)[:900]}
}
