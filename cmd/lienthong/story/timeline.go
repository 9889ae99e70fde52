package story

import (
	"context"
	"net/http"
	"strings"
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

// Chatter tells whether the line is about the exchange with a register or
// repeats what the line before it says: of interest to a tester, not in a summary.
func (l Line) Chatter() bool {
	return l.Kind == "requested" || strings.HasSuffix(l.Kind, "delivered") || strings.HasPrefix(l.Kind, "replied")
}

// Timeline reads what happened to a case as an account may see it.
func (c *Client) Timeline(ctx context.Context, account, code, lang string) ([]Line, error) {
	var out struct {
		Moments []Line `json:"moments"`
	}
	_, err := c.Call(ctx, Request{Account: account, Method: http.MethodGet, Path: "/cases/" + code + "/timeline", Lang: lang}, &out)
	return out.Moments, err
}
