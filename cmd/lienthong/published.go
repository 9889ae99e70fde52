package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lienthong/api"
	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/workflows"
)

// definitionsCommand is what becomes of versions of services.
type definitionsCommand struct {
	List    definitionsListCommand    `cmd:"" help:"Published versions: hash, by whom and when, which one is filed under."`
	Publish definitionsPublishCommand `cmd:"" help:"Check new versions and publish them for good; nobody files under them yet."`
	Default definitionsDefaultCommand `cmd:"" help:"Have applications filed under a published version, within the days it is in force."`
}

type definitionsListCommand struct {
	site
	Service string `arg:"" optional:"" help:"Of this service alone."`
}

// publishedVersion is one version as the surface tells it.
type publishedVersion struct {
	api.PublishedVersion
	Title   engine.Text `json:"title"`
	From    time.Time   `json:"from"`
	To      time.Time   `json:"to"`
	Current bool        `json:"current"`
	By      string      `json:"by"`
	At      time.Time   `json:"at"`
	Files   []string    `json:"files,omitempty"`
	Default []struct {
		By   string    `json:"by"`
		At   time.Time `json:"at"`
		Note string    `json:"note,omitempty"`
	} `json:"made_default"`
}

type publishedVersions struct {
	Versions []publishedVersion `json:"versions"`
}

// Run lists what was published.
func (c *definitionsListCommand) Run(e *env) error {
	return c.at(e, func(s *caller) error {
		path := "/definitions"
		if c.Service != "" {
			path += "/" + c.Service
		}
		var all publishedVersions
		if err := s.call(e.ctx, http.MethodGet, path, nil, &all); err != nil {
			return err
		}
		return c.tell(e, all)
	})
}

func (s site) tell(e *env, all publishedVersions) error {
	if e.asJSON {
		return e.json(all)
	}
	say := s.words()
	for _, v := range all.Versions {
		mark := " "
		if v.Current {
			mark = "*"
		}
		fmt.Fprintf(e.out, "%s %s@%s  %s  %s\n", mark, v.Service, v.Version, v.Hash, v.Title.In(s.Lang))
		force := say("hiệu lực từ ", "in force from ") + v.From.In(calendar.Zone).Format(time.DateOnly)
		if !v.To.IsZero() {
			force += say(" đến trước ", " until before ") + v.To.In(calendar.Zone).Format(time.DateOnly)
		}
		fmt.Fprintf(e.out, "    %s\n    %s %s %s\n", force, say("công bố", "published"), local(v.At), by(say, v.By))
		for _, d := range v.Default {
			fmt.Fprintf(e.out, "    %s %s %s", say("đặt mặc định", "made the default"), local(d.At), by(say, d.By))
			if d.Note != "" {
				fmt.Fprintf(e.out, ": %s", d.Note)
			}
			fmt.Fprintln(e.out)
		}
	}
	fmt.Fprintln(e.out, say("* = hồ sơ mới được nộp theo phiên bản này", "* = applications are filed under it now"))
	return nil
}

// words chooses between the languages.
func (s site) words() func(vi, en string) string {
	return func(vi, en string) string { return engine.Text{VI: vi, EN: en}.In(s.Lang) }
}

func by(say func(vi, en string) string, who string) string {
	if who == "system" {
		return say("(có sẵn)", "(built in)")
	}
	return say("bởi ", "by ") + who
}

type definitionsPublishCommand struct {
	site
	Paths  []string `arg:"" help:"Folders with services/, procedures/, forms/, subforms/, or single files in such folders." type:"existingfile,existingdir" name:"path"`
	DryRun bool     `help:"Only check, and say what would be published."`
}

// Run checks and publishes. Exit 1 when nothing may be published.
func (c *definitionsPublishCommand) Run(e *env) error {
	files, err := definitionFiles(c.Paths)
	if err != nil {
		return err
	}
	return c.at(e, func(s *caller) error {
		var r api.PublishReport
		path, body := "/definitions/publish", map[string]any{"files": files}
		if c.DryRun {
			path = "/definitions/check-files"
		}
		if err := s.call(e.ctx, http.MethodPost, path, body, &r); err != nil {
			return err
		}
		if e.asJSON {
			err = e.json(r)
		} else {
			c.print(e, r)
		}
		if err == nil && (!r.Good || len(r.New) == 0) {
			return errNotGood
		}
		return err
	})
}

func (c *definitionsPublishCommand) print(e *env, r api.PublishReport) {
	say := c.words()
	severities := map[string]string{"error": say("lỗi", "error"), "warning": say("cảnh báo", "warning"), "note": say("ghi chú", "note")}
	for _, f := range r.Findings {
		fmt.Fprintf(e.out, "%s:%d:%d: %s: %s [%s]\n", f.File, f.Line, f.Column, severities[f.Severity], f.Message.In(c.Lang), f.Code)
		for i, a := range f.Story {
			fmt.Fprintf(e.out, "    %d. %s %s → %s [%s → %s]\n", i+1, a.Step, a.By, a.Action, a.From, a.To)
		}
	}
	for _, v := range r.New {
		what := say("sẽ được công bố", "would be published")
		switch {
		case r.Published:
			what = say("đã công bố; hồ sơ mới chưa nộp theo phiên bản này (definitions default)", "published; nobody files under it yet (definitions default)")
		case !r.Good:
			what = say("không công bố: có lỗi", "not published: there are errors")
		}
		fmt.Fprintf(e.out, "%s@%s  %s  %s\n", v.Service, v.Version, v.Hash, what)
	}
	if len(r.New) == 0 && r.Good {
		fmt.Fprintln(e.out, say("Không có phiên bản mới trong các tệp.", "The files hold no new version."))
	}
}

// definitionFiles reads definition files by the paths that they are published
// under. What is built in unchanged is left out.
func definitionFiles(paths []string) (map[string]string, error) {
	out := map[string]string{}
	add := func(file string) error {
		dir, name := filepath.Split(file)
		dir = filepath.Base(dir)
		if !workflows.Publishable(dir + "/" + name) {
			return nil
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if have, err := fs.ReadFile(workflows.Files(), dir+"/"+name); err != nil || string(have) != string(b) {
			out[dir+"/"+name] = string(b)
		}
		return nil
	}
	for _, p := range paths {
		err := filepath.WalkDir(p, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			return add(file)
		})
		if err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no definition files that are new or changed; they stand in services/, procedures/, forms/ or subforms/", strings.Join(paths, ", "))
	}
	return out, nil
}

type definitionsDefaultCommand struct {
	site
	Version string `arg:"" help:"SERVICE@VERSION, such as birth@2026-09-01."`
	Note    string `help:"Why: kept with it."`
}

// Run makes a version the default.
func (c *definitionsDefaultCommand) Run(e *env) error {
	service, version, ok := strings.Cut(c.Version, "@")
	if !ok {
		return usageError{fmt.Errorf("%q: want SERVICE@VERSION", c.Version)}
	}
	return c.at(e, func(s *caller) error {
		var all publishedVersions
		if err := s.call(e.ctx, http.MethodPost, "/definitions/default", map[string]any{"service": service, "version": version, "note": c.Note}, &all); err != nil {
			return err
		}
		return c.tell(e, all)
	})
}
