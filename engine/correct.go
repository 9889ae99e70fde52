package engine

import (
	"fmt"
	"slices"
)

// returnUpstream asks the issuer of a value to correct it: the issuer's dossier
// takes its `by: downstream` action, or the return joins a correction already open.
func (d *decision) returnUpstream(dos *Dossier, a *Action) error {
	up := d.issuer(dos, a.Returns)
	if up == nil {
		return &Error{Code: Internal, Op: "return", Case: d.c.Code, Err: fmt.Errorf("nothing in this case issued %q", a.Returns)}
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
	d.notifyOffice(up, NoteReturned, map[string]any{"from": dos.Step})
	return nil
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
			d.notifyOffice(dos, NoteSibling, map[string]any{"of": up.Step})
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
		if dos.Final == FinalSuccess {
			d.review(dos, up.Step, used, version)
		}
	case version == 0:
		d.notifyOffice(dos, NoteReview, map[string]any{"of": up.Step, "annulled": true})
	case dos.Request != nil:
		d.emit(WithStale{ev{dos.Step}, append(slices.Clone(dos.Stale), up.Step)})
	default:
		return d.rebind(dos)
	}
	return nil
}

func (d *decision) rebind(dos *Dossier) error {
	with, uses, err := d.bind(d.svc.Step(dos.Step))
	if err != nil {
		return err
	}
	d.emit(WithChanged{ev{dos.Step}, with, uses})
	return nil
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
	d.notifyOffice(dos, NoteReview, map[string]any{"of": of, "annulled": version == 0, "review_due": formatTime(r.Due)})
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
		if up := d.c.Dossier(s); dos.Final == FinalSuccess && up.Result != nil {
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
