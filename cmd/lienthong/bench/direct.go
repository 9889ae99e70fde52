package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"lienthong/api"
	"lienthong/engine"
	"lienthong/engine/runtime"
)

// direct is how people act in process: what the surface asks of runtime and store
// for each request, without the surface.
type direct struct {
	runtime *runtime.Runtime
	store   engine.Store
}

func (p *direct) file(ctx context.Context, k *job) (string, *snapshot, error) {
	me := k.family.father
	key := fmt.Sprintf("file-%d", k.n)
	cases, err := p.runtime.File(ctx, runtime.Filing{Service: k.course.service, Application: k.app, Channel: 2, Requester: me,
		Actor: engine.Actor{Kind: engine.Citizen, ID: me.ID, Name: me.Name}, Key: key, Digest: digest(key)})
	if err != nil {
		return "", nil, err
	}
	return cases[0].Code, snapshotOf(cases[0]), nil
}

// digest stands for that of the request's body.
func digest(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func (p *direct) act(ctx context.Context, k *job, d deed, account string) (opened, took time.Duration, err error) {
	began := time.Now()
	actor, err := p.who(k, d, account)
	if err != nil {
		return 0, 0, err
	}
	c, err := p.open(ctx, k.code, actor)
	if err != nil {
		return 0, 0, err
	}
	opened = time.Since(began)
	dossier := c.Dossier(d.step)
	cmd := engine.Command{Action: d.action, Case: k.code, Step: d.step, Actor: actor, IfMatch: &dossier.Rev}
	if d.by == byHead { // a party's answer needs no version
		cmd.IfMatch = nil
	}
	if d.input != nil {
		cmd.Input = d.input(k)
	}
	key := fmt.Sprintf("%s-%s-%s", k.code, d.step, d.action)
	began = time.Now()
	_, err = p.runtime.Do(ctx, runtime.Request{Command: cmd, Key: key, Digest: digest(key)})
	return opened, time.Since(began), err
}

func (p *direct) who(k *job, d deed, account string) (engine.Actor, error) {
	switch d.by {
	case byApplicant:
		return engine.Actor{Kind: engine.Citizen, ID: account, Name: k.family.father.Name}, nil
	case byHead:
		return engine.Actor{Kind: engine.Citizen, ID: account, Name: k.family.head.Name}, nil
	}
	role, office, ok := cutAccount(account)
	if !ok {
		return engine.Actor{}, fmt.Errorf("no office in %q", account)
	}
	return engine.Actor{Kind: engine.Staff, ID: account, Name: api.RoleNames[role].VI, Office: office, Roles: []string{role}}, nil
}

// open reads the case as the surface does: staff must have a dossier of it at their
// office, and their look is in the access log before they see it.
func (p *direct) open(ctx context.Context, code string, actor engine.Actor) (*engine.Case, error) {
	c, err := p.store.Load(ctx, code)
	if err != nil || actor.Kind != engine.Staff {
		return c, err
	}
	sees := false
	for _, d := range c.Dossiers {
		sees = sees || d.Office == actor.Office || d.Home == actor.Office
	}
	if !sees {
		return nil, &engine.Error{Code: engine.NotFound}
	}
	return c, p.store.LogAccess(ctx, engine.Access{At: p.runtime.Now(), Account: actor.ID, Office: actor.Office, Case: code, What: "case"})
}
