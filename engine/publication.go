package engine

import (
	"context"
	"encoding/json"
	"time"
)

// Publication is a published version of a service. It never changes.
type Publication struct {
	Service string `json:"service"`
	Version string `json:"version"`
	Hash    string `json:"hash"` // over everything that decides
	// Tree is what the hash covers, so that a difference can be told in words.
	Tree json.RawMessage `json:"tree,omitempty"`
	// Files are the definition files that came with it, by path; nil = it is built in.
	Files map[string]string `json:"files,omitempty"`
	By    string            `json:"by"`
	At    time.Time         `json:"at"` // business time
}

// DefaultSet says that somebody made a version the one that applications are filed
// under, within the days it is in force.
type DefaultSet struct {
	Service string    `json:"service"`
	Version string    `json:"version"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Note    string    `json:"note,omitempty"`
}

// Publishing is what one act publishes: all of it is kept, or none.
type Publishing struct {
	Versions []Publication
	Defaults []DefaultSet
	Answer   *Answer // to whoever asked for it; nil = they sent no key
}

// Publications is what was published and made the default. Both only grow.
type Publications interface {
	// Publish keeps versions, then adds to the list of defaults. Nothing happens to a
	// version that stands with that hash; Duplicate, Other = the hash that stands, when
	// one stands with another. NotFound when the version of a default was not published.
	Publish(ctx context.Context, p Publishing) error
	// Published lists every version, in the order of publication.
	Published(ctx context.Context) ([]Publication, error)
	// Defaults lists what was made the default, oldest first.
	Defaults(ctx context.Context) ([]DefaultSet, error)
}
