package engine

import (
	"fmt"
	"maps"
	"slices"
)

// returnUpstream asks the issuer of a value to correct it: the issuer's dossier
// takes its `by: downstream` action, or the return joins a correction already open.
func (d *decision) returnUpstream(dos *Dossier, a *Action) error {
	up := d.issuer(dos, a.Returns)
	if up == nil {
		return &Error{Code: Internal, Op: "return", Case: d.c.Code, Err: fmt.Errorf("nothing in this case issued %q", a.Returns)}
	}
	if err := d.correctable(dos, up); err != nil {
		return err
	}
	d.emit(ReturnedUpstream{ev{dos.Step}, up.Step})
	p := d.procedure(up)
	for _, b := range p.Actions {
		if slices.Contains(b.By, ByDownstream) && slices.Contains(b.From, up.State) {
			rec, _ := dos.Data[a.ID].(map[string]any)
			fault := map[string]any{"from_step": dos.Step, "from_office": dos.Office}
			for k, v := range rec {
				fault[k] = v
			}
			if err := d.take(up, b, fault); err != nil {
				return err
			}
			d.tellSiblings(up, dos.Step)
			break
		}
	}
	d.notifyOffice(up, NoteReturned, map[string]any{"from": d.title(dos.Step)})
	return nil
}

// correctable tells whether an issuer will answer a return: its result was used
// and stands, and it can open a correction or has one open. Otherwise whoever
// returns something would wait for ever.
func (d *decision) correctable(dos, up *Dossier) error {
	if _, used := dos.Uses[up.Step]; used && up.Succeeded() {
		if up.Status == StatusOpen || slices.ContainsFunc(d.procedure(up).Actions, func(a *Action) bool {
			return slices.Contains(a.By, ByDownstream) && slices.Contains(a.From, up.State)
		}) {
			return nil
		}
	}
	t := d.svc.Step(up.Step).Title
	e := Fail(WrongState, "Kết quả này không còn sửa được: "+t.VI, "this result can no longer be corrected: "+t.EN)
	e.Case = d.c.Code
	return e
}

// issuer is the dossier whose result gave a `with` value.
func (d *decision) issuer(dos *Dossier, name string) *Dossier {
	for _, b := range d.svc.Step(dos.Step).With {
		if b.Name == name && len(b.Steps) > 0 {
			return d.c.Dossier(b.Steps[0])
		}
	}
	return nil
}

// tellSiblings says to the other users of a result that it is being corrected;
// they are not stopped.
func (d *decision) tellSiblings(up *Dossier, except string) {
	for _, dos := range d.c.Dossiers {
		if dos.Step == except || dos.Status != StatusOpen || dos.Final != FinalNone {
			continue
		}
		if _, uses := dos.Uses[up.Step]; uses {
			d.notifyOffice(dos, NoteSibling, map[string]any{"of": d.title(up.Step)})
		}
	}
}

// propagate tells everyone who used an issuer's result that the issuer has
// corrected (version > theirs), kept (same version) or annulled it (0).
func (d *decision) propagate(up *Dossier, version int) error {
	for _, dos := range d.c.Dossiers {
		used, ok := dos.Uses[up.Step]
		if !ok || dos.Status == StatusClosed || dos.Status == StatusWaiting {
			continue
		}
		changed := version == 0 || used < version
		waits := dos.Returned == up.Step
		if waits {
			d.emit(ReturnedUpstream{ev{dos.Step}, ""})
		}
		if changed {
			if err := d.renew(dos, up, used, version); err != nil {
				return err
			}
		}
		if waits {
			if err := d.upstreamAnswered(dos, answerOf(changed, version)); err != nil {
				return err
			}
		}
	}
	return nil
}

// renew gives a dossier the new values, or an item to look at: an ended dossier
// reviews what it did; one with a request in flight is renewed on the reply.
func (d *decision) renew(dos, up *Dossier, used, version int) error {
	switch {
	case dos.Final != FinalNone:
		if dos.Final == FinalSuccess && !dos.reviewed(up.Step, version) {
			d.review(dos, up.Step, used, version)
		}
	case version == 0:
		d.notifyOffice(dos, NoteReview, map[string]any{"of": d.title(up.Step), "annulled": true})
	case dos.Request != nil:
		if !slices.Contains(dos.Stale, up.Step) {
			d.emit(WithStale{ev{dos.Step}, append(slices.Clone(dos.Stale), up.Step)})
		}
	default:
		return d.rebind(dos)
	}
	return nil
}

// rebind takes what a dossier is handed anew. What came from a result that no
// longer stands stays as it was.
func (d *decision) rebind(dos *Dossier) error {
	with, uses, err := d.bind(d.svc.Step(dos.Step), dos)
	if err != nil {
		return err
	}
	d.emit(WithChanged{ev{dos.Step}, with, uses, d.outdated(dos, uses)})
	return nil
}

// outdated names the results whose earlier versions an open dossier has computed
// with: unless it computes anew, it looks again when it has ended.
func (d *decision) outdated(dos *Dossier, uses map[string]int) map[string]int {
	if dos.Final != FinalNone || !slices.ContainsFunc(d.procedure(dos).Actions, func(a *Action) bool { return len(a.Set) > 0 && dos.Data[a.ID] != nil }) {
		return nil
	}
	out := maps.Clone(dos.Renewed)
	for _, s := range sortedKeys(uses) {
		if was := dos.Uses[s]; was > 0 && was != uses[s] && out[s] == 0 {
			if out == nil {
				out = map[string]int{}
			}
			out[s] = was
		}
	}
	return out
}

// reviewBasis asks a dossier that ends in success to look again when a result that
// it used was taken back meanwhile, or corrected after it had computed with it.
func (d *decision) reviewBasis(dos *Dossier) {
	for _, s := range sortedKeys(dos.Uses) {
		if !d.c.Dossier(s).Succeeded() && !dos.reviewed(s, 0) {
			d.review(dos, s, dos.Uses[s], 0)
		}
	}
	for _, s := range sortedKeys(dos.Renewed) {
		if d.c.Dossier(s).Succeeded() && !dos.reviewed(s, dos.Uses[s]) {
			d.review(dos, s, dos.Renewed[s], dos.Uses[s])
		}
	}
}

// reviewed tells whether a version of an issuer's result was put up for review,
// decided or not.
func (d *Dossier) reviewed(of string, version int) bool {
	return slices.ContainsFunc(d.Reviews, func(r Review) bool { return r.Of == of && r.To == version })
}

// review opens a review item. It is due within the procedure's own limit.
func (d *decision) review(dos *Dossier, of string, used, version int) {
	r := Review{ID: fmt.Sprintf("%s-%d", of, d.seq), Of: of, From: used, To: version, Opened: d.now}
	if l := d.procedure(dos).Limit; l != nil {
		if within, err := d.within(l.Within, l.Param); err == nil {
			r.Due = d.cal.Due(d.now, within)
		}
	}
	d.emit(ReviewOpened{ev{dos.Step}, r})
	d.notifyOffice(dos, NoteReview, map[string]any{"of": d.title(of), "annulled": version == 0, "review_due": formatTime(r.Due)})
}

// Review decisions.
const (
	ReviewKeep  = "keep"
	ReviewAmend = "amend"
	ReviewAnnul = "annul"
)

// beginReview lets an amendment compute with the corrected values.
func (d *decision) beginReview(dos *Dossier, a *Action) error {
	r := dos.OpenReview()
	if r == nil {
		return d.noAction(dos)
	}
	if a.Review == ReviewAmend && r.To > 0 {
		return d.rebind(dos)
	}
	return nil
}

// decideReview closes the oldest open review item; an amendment, which took all
// new values, closes every item about a corrected result, and an annulment every
// item: nothing is left to look at.
func (d *decision) decideReview(dos *Dossier, decision string) {
	r := dos.OpenReview()
	amended := decision == ReviewAmend && r.To > 0
	for i := range dos.Reviews {
		x := dos.Reviews[i]
		if x.Decision == "" && (x.ID == r.ID || amended && x.To > 0 || decision == ReviewAnnul) {
			d.emit(ReviewDecided{ev{dos.Step}, x.ID, decision, d.cmd.Actor.ID, d.now})
		}
	}
}

// freshen takes new values that waited for a reply in flight.
func (d *decision) freshen(dos *Dossier) error {
	if len(dos.Stale) == 0 || dos.Request != nil {
		return nil
	}
	steps, used := dos.Stale, dos.Uses
	if dos.Final == FinalNone {
		return d.rebind(dos)
	}
	d.emit(WithStale{ev{dos.Step}, nil})
	for _, s := range steps {
		if up := d.c.Dossier(s); dos.Final == FinalSuccess && up.Succeeded() && !dos.reviewed(s, up.Result.Version) {
			d.review(dos, s, used[s], up.Result.Version)
		}
	}
	return nil
}

// upstreamAnswered takes the `by: upstream` action of a dossier that had returned
// something.
func (d *decision) upstreamAnswered(dos *Dossier, outcome string) error {
	for _, a := range d.procedure(dos).Actions {
		if slices.Contains(a.By, ByUpstream) && slices.Contains(a.From, dos.State) {
			return d.take(dos, a, map[string]any{"outcome": outcome})
		}
	}
	return nil
}

// answerOf names what the issuer did: amended, kept or annulled.
func answerOf(changed bool, version int) string {
	switch {
	case version == 0:
		return "annulled"
	case changed:
		return "amended"
	}
	return "kept"
}
