package engine

import (
	"slices"
	"time"
)

// Stub is what a store still tells of a case whose history was moved to an archive
// file: enough to find it, to say who may know of it, and to say whether a result
// is genuine.
type Stub struct {
	Summary
	Moved     time.Time     `json:"moved"`
	Seq       int64         `json:"seq"`       // entries of the history
	Requester string        `json:"requester"` // personal id
	FiledBy   Actor         `json:"filed_by"`
	Offices   []string      `json:"offices"` // that ever had a dossier of it
	Results   []IssuedBrief `json:"results,omitempty"`
}

// IssuedBrief is one version of a result, without personal data.
type IssuedBrief struct {
	ID       string    `json:"id"`
	Step     string    `json:"step"`
	Document string    `json:"document"`
	Code     string    `json:"code"`
	Version  int       `json:"version"`
	Issued   time.Time `json:"issued"`
	Office   string    `json:"office,omitempty"`
	Stands   int       `json:"stands"`            // the version that stands, or stood last
	Revoked  bool      `json:"revoked,omitempty"` // the one that stood last was
}

// NewStub takes what a stub needs from a case and its history.
func NewStub(c *Case, entries []Entry) Stub {
	s := Stub{Summary: c.Summary(), Seq: c.Seq, Requester: c.Requester.ID, FiledBy: c.FiledBy}
	see := func(office string) {
		if office != "" && !slices.Contains(s.Offices, office) {
			s.Offices = append(s.Offices, office)
		}
	}
	for _, d := range c.Dossiers {
		see(d.Office)
		see(d.Home)
	}
	for i := range entries {
		for _, v := range entries[i].Events {
			switch v := v.(type) {
			case StepOpened:
				see(v.Office)
			case Moved:
				see(v.Office)
			case Transferred:
				see(v.Office)
			case ResultIssued:
				s.issued(c, v)
			}
		}
	}
	return s
}

// issued adds a version of a result.
func (s *Stub) issued(c *Case, v ResultIssued) {
	b := IssuedBrief{ID: v.Result.ID, Step: v.Of(), Document: v.Result.Document, Code: v.Result.Code, Version: v.Result.Version, Issued: v.Result.Issued}
	if d := c.Dossier(b.Step); d != nil && d.Result != nil {
		b.Office, b.Stands, b.Revoked = d.Home, d.Result.Version, d.Result.Revoked
	}
	s.Results = append(s.Results, b)
}
