package story

import (
	"context"
	"net/http"
	"time"

	"lienthong/engine"
)

// Line is one thing that happened, in plain words.
type Line struct {
	At    time.Time `json:"at"`
	Kind  string    `json:"kind"`
	Step  string    `json:"step,omitempty"`
	Actor struct {
		Kind   string  `json:"kind"`
		Name   string  `json:"name,omitempty"`
		ID     string  `json:"id,omitempty"`
		Office *office `json:"office,omitempty"`
	} `json:"who"`
	Office *office   `json:"office,omitempty"`
	What   string    `json:"text"`
	Due    time.Time `json:"due,omitzero"`
}

type office struct {
	ID   string      `json:"id"`
	Name engine.Text `json:"name"`
}

// Who names who did it: the person, or the kind of actor.
func (l Line) Who() string {
	switch {
	case l.Actor.Name != "":
		return l.Actor.Name
	case l.Actor.ID != "":
		return l.Actor.ID
	case l.Actor.Office != nil:
		return l.Actor.Office.Name.VI
	}
	return l.Actor.Kind
}

// Timeline reads what happened to a case as an account may see it.
func (c *Client) Timeline(ctx context.Context, account, code, lang string) ([]Line, error) {
	var out struct {
		Moments []Line `json:"moments"`
	}
	_, err := c.Call(ctx, Request{Account: account, Method: http.MethodGet, Path: "/cases/" + code + "/timeline", Lang: lang}, &out)
	return out.Moments, err
}
