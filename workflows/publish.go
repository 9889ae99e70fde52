package workflows

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"sync"
	"time"

	"lienthong/engine"
	"lienthong/engine/machine"
)

// Publisher keeps the published versions of services: what is built in, and what
// came later as files. A published version never changes; which one applications
// are filed under is decided apart.
type Publisher struct {
	Live *machine.Live

	store engine.Publications
	now   func() time.Time
	turn  sync.Mutex // one publishes at a time

	mu    sync.Mutex // of files
	files machine.Files
}

// Publishing bounds and names.
const maxPublished = 4 << 20 // bytes of files published at run time

var publishedPath = regexp.MustCompile(`^(services|procedures|forms|subforms)/[a-z0-9][a-z0-9._-]{0,80}\.ya?ml$`)

// Publishable tells whether a path is one that a definition file may be published
// under.
func Publishable(path string) bool { return publishedPath.MatchString(path) }

// OpenPublisher publishes what a set of files holds (the built-in definitions) and
// takes up what was published before. A version that was published with another
// content is refused: both hashes, and the first difference.
func OpenPublisher(ctx context.Context, base fs.FS, store engine.Publications, now func() time.Time) (*Publisher, error) {
	files, err := machine.ReadFiles(base)
	if err != nil {
		return nil, err
	}
	p := &Publisher{store: store, now: now, files: files}
	past, err := store.Published(ctx)
	if err != nil {
		return nil, err
	}
	set, err := p.loadWith(past)
	if err != nil {
		return nil, err
	}
	if err := p.startWith(ctx, set, past); err != nil {
		return nil, err
	}
	defaults, err := store.Defaults(ctx)
	if err != nil {
		return nil, err
	}
	p.Live = machine.NewLive(set, defaults)
	return p, nil
}

// loadWith compiles the files together with those of what was published.
func (p *Publisher) loadWith(past []engine.Publication) (*machine.Set, error) {
	for _, pub := range past {
		for name, text := range pub.Files {
			if _, builtIn := p.files[name]; !builtIn {
				p.files[name] = []byte(text)
			}
		}
	}
	return machine.Load(p.files)
}

// Agrees is the error that OpenPublisher would refuse what was published with.
func Agrees(base fs.FS, past []engine.Publication) error {
	files, err := machine.ReadFiles(base)
	if err != nil {
		return err
	}
	set, err := (&Publisher{files: files}).loadWith(past)
	if err != nil {
		return err
	}
	for _, pub := range past {
		if s, err := set.Service(pub.Service, pub.Version); err == nil {
			if err := startsUnchanged(pub, set, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// startsUnchanged is unchanged, for whoever starts this program on a database of another.
func startsUnchanged(pub engine.Publication, set *machine.Set, s *engine.Service) error {
	err := unchanged(pub, set, s)
	var e *engine.Error
	if errors.As(err, &e) {
		e.Detail.VI += " Từ nay đến lúc đó cơ sở dữ liệu này chạy với chương trình đã công bố phiên bản ấy."
		e.Detail.EN += " Until then this database goes with the program that published it."
	}
	return err
}

// startWith publishes what is new among the built-in versions, and makes it the
// default as the law does: within the days that it is in force.
func (p *Publisher) startWith(ctx context.Context, set *machine.Set, past []engine.Publication) error {
	for _, s := range set.Services() {
		i := slices.IndexFunc(past, func(o engine.Publication) bool { return o.Service == s.ID && o.Version == s.Version })
		if i >= 0 {
			if err := startsUnchanged(past[i], set, s); err != nil {
				return err
			}
			continue
		}
		pub := engine.Publication{Service: s.ID, Version: s.Version, Hash: s.Hash, Tree: machine.Tree(set, s), By: "system", At: p.now()}
		set := engine.DefaultSet{Service: s.ID, Version: s.Version, By: "system", At: pub.At}
		if err := p.store.Publish(ctx, engine.Publishing{Versions: []engine.Publication{pub}, Defaults: []engine.DefaultSet{set}}); err != nil {
			return err
		}
	}
	return nil
}

// unchanged refuses a published version whose content is another now.
func unchanged(pub engine.Publication, set *machine.Set, s *engine.Service) error {
	if pub.Hash == s.Hash {
		return nil
	}
	vi, en := "?", "?"
	if ds, err := machine.DiffTree(pub.Tree, set, s); err == nil && len(ds) > 0 {
		vi, en = ds[0].Text.VI, ds[0].Text.EN
		if at := ds[0].New; at != nil {
			vi, en = at.String()+": "+vi, at.String()+": "+en
		}
	}
	e := engine.Fail(engine.Duplicate,
		fmt.Sprintf("%s@%s đã công bố với mã băm %s và không thay đổi được; nội dung bây giờ có mã băm %s. %s Hãy đưa thay đổi vào một phiên bản mới.", s.ID, s.Version, pub.Hash, s.Hash, vi),
		fmt.Sprintf("%s@%s was published with hash %s and never changes; its content has hash %s now. %s Give the change a version of its own.", s.ID, s.Version, pub.Hash, s.Hash, en))
	e.Op = "workflows.publish"
	return e
}

// Draft is what files would make, beside what is published.
type Draft struct {
	Set      *machine.Set // nil when there are errors
	Findings []machine.Finding
	New      []*engine.Service // versions that are not published yet
}

// Check compiles files together with what is published. They may add to it and take
// the place of files that no published version rests on, as far as its hash tells.
func (p *Publisher) Check(ctx context.Context, files map[string]string) (Draft, error) {
	all, err := p.with(files)
	if err != nil {
		return Draft{}, err
	}
	var d Draft
	set, err := machine.Load(all)
	var fe *machine.FindingsError
	switch {
	case errors.As(err, &fe):
		d.Findings = fe.Findings
		return d, nil
	case err != nil:
		return d, err
	}
	d.Set, d.Findings = set, set.Findings()
	past, err := p.store.Published(ctx)
	if err != nil {
		return d, err
	}
	for _, s := range set.Services() {
		i := slices.IndexFunc(past, func(o engine.Publication) bool { return o.Service == s.ID && o.Version == s.Version })
		if i < 0 {
			d.New = append(d.New, s)
		} else if err := unchanged(past[i], set, s); err != nil {
			return d, err
		}
	}
	for _, o := range past {
		if _, err := set.Service(o.Service, o.Version); err != nil {
			return d, engine.Fail(engine.Duplicate, fmt.Sprintf("%s@%s đã công bố không được bỏ.", o.Service, o.Version), fmt.Sprintf("The published %s@%s cannot be left out.", o.Service, o.Version))
		}
	}
	return d, nil
}

// with lays files over those in use.
func (p *Publisher) with(files map[string]string) (machine.Files, error) {
	p.mu.Lock()
	all := maps.Clone(p.files)
	p.mu.Unlock()
	size := 0
	var ps []engine.Problem
	for _, name := range slices.Sorted(maps.Keys(files)) {
		size += len(files[name])
		if !Publishable(name) {
			ps = append(ps, engine.Problem{Pointer: "/files/" + name, Code: "path", Detail: engine.Text{
				VI: "Tên tệp phải dạng services/…, procedures/…, forms/… hoặc subforms/… và kết thúc bằng .yaml.", EN: "A file is services/…, procedures/…, forms/… or subforms/… and ends in .yaml."}})
		}
		all[name] = []byte(files[name])
	}
	if size > maxPublished {
		ps = append(ps, engine.Problem{Pointer: "/files", Code: "too_large", Detail: engine.Text{VI: "Các tệp quá lớn.", EN: "The files are too large."}})
	}
	if len(ps) > 0 {
		return nil, &engine.Error{Code: engine.Invalid, Op: "workflows.publish", Problems: ps, Detail: engine.Text{VI: "Tệp chưa hợp lệ", EN: "the files are not valid"}}
	}
	return all, nil
}

// Publish keeps every new version that the files hold, with those files that are
// not in use already, and takes it into use, though the caller may leave meanwhile.
// Nobody files under it before it is made the default. Nothing is published, and no
// answer kept, when there is an error among the findings, or no new version; otherwise
// the answer is kept with the versions.
func (p *Publisher) Publish(ctx context.Context, by string, files map[string]string, answer *engine.Answer) (Draft, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	d, err := p.Check(ctx, files)
	if err != nil || d.Set == nil || len(d.New) == 0 {
		return d, err
	}
	files = maps.Clone(files)
	p.mu.Lock()
	maps.DeleteFunc(files, func(name, text string) bool { return string(p.files[name]) == text })
	p.mu.Unlock()
	act := engine.Publishing{Answer: answer}
	for _, s := range d.New {
		act.Versions = append(act.Versions, engine.Publication{Service: s.ID, Version: s.Version, Hash: s.Hash, Tree: machine.Tree(d.Set, s), Files: files, By: by, At: p.now()})
	}
	ctx = context.WithoutCancel(ctx)
	if err := p.store.Publish(ctx, act); err != nil {
		return d, err
	}
	p.mu.Lock()
	for name, text := range files {
		p.files[name] = []byte(text)
	}
	p.mu.Unlock()
	return d, p.use(ctx, d.Set)
}

// use goes on with a set. The turn is held.
func (p *Publisher) use(ctx context.Context, set *machine.Set) error {
	defaults, err := p.store.Defaults(ctx)
	if err != nil {
		return err
	}
	p.Live.Use(set, defaults)
	return nil
}

// MakeDefault has applications filed under a published version, within the days
// that it is in force, though the caller may leave meanwhile.
func (p *Publisher) MakeDefault(ctx context.Context, by, service, version, note string, answer *engine.Answer) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	if _, err := p.Live.Service(service, version); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	set := engine.DefaultSet{Service: service, Version: version, By: by, At: p.now(), Note: note}
	if err := p.store.Publish(ctx, engine.Publishing{Defaults: []engine.DefaultSet{set}, Answer: answer}); err != nil {
		return err
	}
	return p.use(ctx, p.Live.Set())
}

// History lists what was published and made the default.
func (p *Publisher) History(ctx context.Context) ([]engine.Publication, []engine.DefaultSet, error) {
	pubs, err := p.store.Published(ctx)
	if err != nil {
		return nil, nil, err
	}
	defaults, err := p.store.Defaults(ctx)
	return pubs, defaults, err
}
