package machine

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"lienthong/engine"
)

// folders are read in this order; each holds files whose leading key is the one
// named.
var folders = []struct{ name, key string }{
	{"calendars", "id"},
	{"parameters", "parameters"},
	{"offices", "province"},
	{"forms", "form"},
	{"registries", "registry"},
	{"subforms", "subform"},
	{"procedures", "procedure"},
	{"services", "service"},
}

// maxFiles bounds a set.
const maxFiles = 2000

// What one procedure and one service may hold: a case of law has a few dozen of each.
// What compiles within them is checked, searched and drawn in bounded time.
const (
	maxStates  = 600
	maxActions = 2500
	maxSteps   = 100
)

// tooMany refuses a mapping with more entries than somebody could mean.
func (l *loader) tooMany(n *node, most int) bool {
	if n == nil || len(n.keys) <= most {
		return false
	}
	l.at(n.keys[most], "too_many", most)
	return true
}

// loader turns files into a Set.
type loader struct {
	reader
	set   *Set
	files map[string][]*node // folder → documents, in order of name
	raw   map[*node][]byte

	cc     *compiler
	bundle *bundler
	procs  map[string][]*procedure // by id, newest first
	subs   []*subform
	units  map[string]bool
	agency map[string]bool
	asked  map[string]bool // the parameters that something names; "" when one computes a name
}

// Load reads and checks a set of definitions. The error is a *FindingsError that
// holds everything that is wrong; warnings alone do not refuse the set
// (Set.Findings).
func Load(fsys fs.FS) (*Set, error) {
	l := &loader{
		reader: reader{&report{}}, set: newSet(),
		files: map[string][]*node{}, raw: map[*node][]byte{},
		procs: map[string][]*procedure{}, units: map[string]bool{}, agency: map[string]bool{}, asked: map[string]bool{},
	}
	l.readAll(fsys)
	if l.errors > 0 { // what a file that cannot be read holds would be missed wherever it is named
		return nil, &FindingsError{Findings: l.sorted()}
	}
	l.loadCalendars()
	l.loadParameters()
	l.loadOffices()
	l.loadForms()
	l.loadRegistries()
	var err error
	if l.cc, err = newCompiler(l.report, askedParams{l.set, l.asked}); err != nil {
		return nil, &engine.Error{Code: engine.Internal, Op: "machine.Load", Err: err}
	}
	for _, n := range l.files["subforms"] {
		l.loadSubform(n)
	}
	for _, n := range l.files["procedures"] {
		l.set.docs[n.file] = n
		l.loadProcedure(n)
	}
	l.orderProcedures()
	for _, n := range l.files["services"] {
		l.set.docs[n.file] = n
		l.loadService(n)
	}
	l.checkSet()
	findings := l.sorted()
	if l.errors > 0 {
		return nil, &FindingsError{Findings: findings}
	}
	l.set.findings = findings
	return l.set, nil
}

// readAll parses every file of the known folders.
func (l *loader) readAll(fsys fs.FS) {
	names := make([][]string, len(folders))
	count := 0
	for i, f := range folders {
		entries, err := fs.ReadDir(fsys, f.name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			l.add(f.name, 0, 0, "read_failed", err)
		}
		for _, e := range entries {
			if isDefinition(e) {
				names[i] = append(names[i], path.Join(f.name, e.Name()))
				count++
			}
		}
	}
	if count > maxFiles {
		l.add(".", 0, 0, "too_many_files", maxFiles)
		return
	}
	for i, f := range folders {
		for _, p := range parseAll(fsys, names[i]) {
			l.merge(p.report)
			switch {
			case p.doc == nil:
			case p.doc.kind != mapKind:
				l.at(p.doc, "wrong_type", phrase("a mapping"), kindNames[p.doc.kind])
			case p.doc.get(f.key) == nil:
				l.at(p.doc, "wrong_folder", f.name, f.key)
			default:
				l.raw[p.doc] = p.data
				l.files[f.name] = append(l.files[f.name], p.doc)
				l.set.keepPlaces(p.doc)
			}
		}
	}
}

// isDefinition tells a definition file from what else stands in a folder.
func isDefinition(e fs.DirEntry) bool {
	ext := path.Ext(e.Name())
	return !e.IsDir() && (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(e.Name(), ".")
}

// parsed is one file, read.
type parsed struct {
	report *report
	doc    *node
	data   []byte
}

// parseAll reads files side by side, and returns them in order.
func parseAll(fsys fs.FS, names []string) []parsed {
	out := make([]parsed, len(names))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(len(names), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(names)); i = next.Add(1) - 1 {
				p := parsed{report: &report{}}
				data, err := readBounded(fsys, names[i])
				if err != nil {
					p.report.add(names[i], 0, 0, "read_failed", err)
				} else {
					p.data, p.doc = data, parseFile(p.report, names[i], data)
				}
				out[i] = p
			}
		})
	}
	wg.Wait()
	return out
}

// readBounded reads a little more than the limit at most.
func readBounded(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFileSize {
		return make([]byte, maxFileSize+1), nil // refused by its size, unread
	}
	return fs.ReadFile(fsys, name)
}

// orderProcedures puts the versions of each procedure newest first.
func (l *loader) orderProcedures() {
	for _, id := range keysOf(l.procs) {
		versions := l.procs[id]
		slices.SortStableFunc(versions, func(a, b *procedure) int { return cmp.Compare(b.since, a.since) })
		for i := 1; i < len(versions); i++ {
			if versions[i].since == versions[i-1].since {
				l.at(versions[i].node, "duplicate_version", id, versions[i].since, versions[i-1].File)
			}
		}
	}
}
