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

// Publications is what was published and made the default. Both only grow.
type Publications interface {
	// Publish keeps a version. Nothing happens when it stands with that hash;
	// Duplicate, Other = the hash that stands, when it stands with another.
	Publish(ctx context.Context, p Publication) error
	// Published lists every version, in the order of publication.
	Published(ctx context.Context) ([]Publication, error)
	// MakeDefault adds to the list of defaults. NotFound when the version was not
	// published.
	MakeDefault(ctx context.Context, d DefaultSet) error
	// Defaults lists what was made the default, oldest first.
	Defaults(ctx context.Context) ([]DefaultSet, error)
}
