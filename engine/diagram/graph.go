package diagram

import "lienthong/engine"

// CitizenLane is the id of the lane of the people a service is for; a title for
// it in [Options].Agencies replaces the usual one.
const CitizenLane = "citizen"

// EndedLane is the id of the lane in which a procedure's endings without a result
// stand.
const EndedLane = "ended"

// Options says how to draw. The zero value draws in Vietnamese, unpainted.
type Options struct {
	// Lang is "vi" or "en"; a text missing in it is taken from the other.
	Lang string
	// Case paints the graph with how far a case has come; nil leaves it plain. A
	// procedure is painted by the first dossier of the case that runs it.
	Case *engine.Case
	// Step chooses the dossier that paints a procedure when several steps of the
	// case run the same one.
	Step string
	// Agencies gives lane titles by agency kind; without one the id itself is shown.
	Agencies map[string]engine.Text
	// Registries gives titles of registries by id, which may equal an agency's;
	// without one Agencies is asked, then the id itself is shown.
	Registries map[string]engine.Text
	// Detail draws each step of a service with its main states instead of as one
	// box.
	Detail bool
	// Apart paints on a procedure where its dossier parts from history; nil = nowhere.
	Apart *Apart
}

// Mark tells how a node or an edge stands in a painted case.
type Mark string

// The marks.
const (
	Plain   Mark = ""        // not painted
	Waiting Mark = "waiting" // not reached yet
	Current Mark = "current" // being worked on now
	Done    Mark = "done"    // passed, or ended in success
	Struck  Mark = "struck"  // refused, expired, withdrawn, annulled or not taken
	Kept    Mark = "kept"    // where history goes and deciding again does not
	Now     Mark = "now"     // where deciding again goes and history does not
	Both    Mark = "both"    // where both go, and part in something else
)

// Kind tells what a node stands for.
type Kind string

// The kinds of node.
const (
	KindStep    Kind = "step"    // a step of a service
	KindState   Kind = "state"   // a state of a procedure
	KindFiling  Kind = "filing"  // the citizen files
	KindResults Kind = "results" // the results reach the citizen
)

// NoteKind tells what a note says, which chooses its sign.
type NoteKind string

// The kinds of note.
const (
	NoteRegistry NoteKind = "registry" // the registry that is asked
	NoteLimit    NoteKind = "limit"    // the time limit
	NoteIf       NoteKind = "if"       // when the step is taken
	NoteStep     NoteKind = "step"     // the step that a state outside its agency's lane belongs to
	NoteStay     NoteKind = "stay"     // an action that leaves the state as it is
	NoteKept     NoteKind = "kept"     // what history does
	NoteNow      NoteKind = "now"      // what is decided again
	NoteBoth     NoteKind = "both"     // both
)

// Graph is what is drawn. Its parts are in a fixed order and refer to each other
// by index or id.
type Graph struct {
	Title, Desc string
	Lang        string
	Lanes       []Lane
	Nodes       []Node
	Edges       []Edge
	Groups      []Group
}

// Lane is a horizontal band: who acts.
type Lane struct {
	ID, Title string
}

// Node is a box.
type Node struct {
	ID      string
	Label   string
	Kind    Kind
	Lane    int // index into Graph.Lanes
	Initial bool
	Final   engine.FinalKind
	Notes   []Note
	Mark    Mark
	Group   int // index into Graph.Groups plus one; 0 = none

	col, row int // row counts within the lane
}

// Note is a small line under a box's label.
type Note struct {
	Kind NoteKind
	Text string
}

// Edge leads from a node to a node (indexes into Graph.Nodes). In a procedure each
// is one transition; From equals To when the action leaves the state as it is.
type Edge struct {
	From, To int
	Action   string // the action's id; "" between steps
	Label    string
	Optional bool // need?: ended in any way is enough
	Mark     Mark
}

// Group is the frame of a step in a detailed service diagram.
type Group struct {
	Title string
	Mark  Mark
	lane  int
}

// words are the texts of the package's own, in both languages.
var words = map[string]engine.Text{
	"citizen":    {VI: "Công dân", EN: "Citizen"},
	"ended":      {VI: "Kết thúc không có kết quả", EN: "Ended without a result"},
	"file":       {VI: "Nộp một tờ khai chung", EN: "File one declaration"},
	"results":    {VI: "Nhận kết quả", EN: "Receive the results"},
	"absent":     {VI: "nếu có yêu cầu", EN: "if asked for"},
	"applicable": {VI: "nếu thuộc diện", EN: "if it applies"},
	"refuse":     {VI: "nếu đủ điều kiện", EN: "if eligible"},
	"service":    {VI: "Dịch vụ công liên thông", EN: "Linked public service"},
	"procedure":  {VI: "Thủ tục hành chính", EN: "Procedure"},
	"flow":       {VI: "Các bước", EN: "Steps"},
	"states":     {VI: "Các trạng thái", EN: "States"},
	"waiting":    {VI: "chưa đến", EN: "not reached"},
	"current":    {VI: "đang thực hiện", EN: "in progress"},
	"done":       {VI: "đã xong", EN: "done"},
	"struck":     {VI: "không thực hiện hoặc không đạt", EN: "not taken or not granted"},
	"kept":       {VI: "lịch sử đến đây", EN: "history goes here"},
	"kept_to":    {VI: "lịch sử đến đây", EN: "history goes here"},
	"kept_stays": {VI: "lịch sử ở lại đây", EN: "history stays here"},
	"kept_line":  {VI: "Lịch sử", EN: "History"},
	"now":        {VI: "quyết định lại đến đây", EN: "decided again goes here"},
	"now_to":     {VI: "quyết định lại đến đây", EN: "decided again goes here"},
	"now_stays":  {VI: "quyết định lại ở lại đây", EN: "decided again stays here"},
	"now_line":   {VI: "Quyết định lại", EN: "Decided again"},
	"both":       {VI: "cả hai đến đây", EN: "both go here"},
	"both_to":    {VI: "cả hai đến đây, khác ở điều khác", EN: "both go here and differ elsewhere"},
	"both_stays": {VI: "cả hai ở lại đây, khác ở điều khác", EN: "both stay here and differ elsewhere"},
	"both_line":  {VI: "Cả hai", EN: "Both"},
}

func word(key, lang string) string { return words[key].In(lang) }

// lane returns the index of a lane, adding it when it is new.
func (g *Graph) lane(id string, opt Options) int {
	for i, l := range g.Lanes {
		if l.ID == id {
			return i
		}
	}
	title := agencyTitle(id, opt)
	if title == id && (id == CitizenLane || id == EndedLane) {
		title = word(id, opt.Lang)
	}
	g.Lanes = append(g.Lanes, Lane{ID: id, Title: title})
	return len(g.Lanes) - 1
}

// registryTitle is the title of a registry, or its id.
func registryTitle(id string, opt Options) string {
	if t := clean(opt.Registries[id].In(opt.Lang)); t != "" {
		return t
	}
	return agencyTitle(id, opt)
}

// agencyTitle is the title of an agency kind, or its id.
func agencyTitle(id string, opt Options) string {
	if t := clean(opt.Agencies[id].In(opt.Lang)); t != "" {
		return t
	}
	return clean(id)
}

// titleOr is a text in the language asked for, or the id when there is none.
func titleOr(t engine.Text, id string, opt Options) string {
	if s := clean(t.In(opt.Lang)); s != "" {
		return s
	}
	return clean(id)
}

// orderLanes puts the citizen's lane first and the endings' last, keeping the rest
// in the order in which they appeared.
func (g *Graph) orderLanes() {
	var order []int
	pick := func(want func(id string) bool) {
		for i, l := range g.Lanes {
			if want(l.ID) {
				order = append(order, i)
			}
		}
	}
	pick(func(id string) bool { return id == CitizenLane })
	pick(func(id string) bool { return id != CitizenLane && id != EndedLane })
	pick(func(id string) bool { return id == EndedLane })
	to := make([]int, len(order))
	lanes := make([]Lane, len(order))
	for n, old := range order {
		to[old], lanes[n] = n, g.Lanes[old]
	}
	g.Lanes = lanes
	for i := range g.Nodes {
		g.Nodes[i].Lane = to[g.Nodes[i].Lane]
	}
	for i := range g.Groups {
		g.Groups[i].lane = to[g.Groups[i].lane]
	}
}
