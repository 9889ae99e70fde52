package portal

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

// What one post may hold, in bytes. What is above is read and thrown away, so that the
// browser comes to the answer and what was typed beside it is kept.
const (
	maxText  = 4 << 20   // all texts together
	maxFile  = 10 << 20  // one file, as the surface takes it
	maxFiles = 24 << 20  // all files together
	maxPost  = 110 << 20 // everything, kept or not
)

// posted is a file that came with a form.
type posted struct {
	Name    string
	Content []byte
	Cut     string // word of why nothing of it was kept; "" when it is whole
}

// errTooMuch says that a post is larger than is read.
var errTooMuch = &problem{Status: http.StatusRequestEntityTooLarge}

// readForm reads what was posted. Files stay in memory, so nothing of theirs is left on
// a disk; of a file that is too large nothing is kept but its name.
func (v *visit) readForm() error {
	if v.r.Method != http.MethodPost {
		return nil
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxPost)
	var err error
	if kind, params, _ := mime.ParseMediaType(v.r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		err = v.readParts(multipart.NewReader(v.r.Body, params["boundary"]))
	} else {
		err = v.readText()
	}
	v.form = readable(v.form)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), errors.Is(err, errTooMuch):
		_, _ = io.Copy(io.Discard, v.r.Body) // to its end, or to the limit: a browser that has gone gets no answer
		return errTooMuch
	case err != nil:
		return &problem{Status: http.StatusBadRequest}
	}
	return nil
}

// readable leaves out control characters that part no lines: they come with what is
// pasted, the surface takes no text that holds one, and who looked for it would see
// nothing. Bytes that are no letter stay and are refused: a letter is missing there.
func readable(form url.Values) url.Values {
	for _, values := range form {
		for i := range values {
			values[i] = strings.Map(func(c rune) rune {
				if unicode.IsControl(c) && !unicode.IsSpace(c) {
					return -1
				}
				return c
			}, values[i])
		}
	}
	return form
}

// readText reads a form without files.
func (v *visit) readText() error {
	text, err := read(v.r.Body, maxText)
	if err != nil {
		return err
	}
	v.form, err = url.ParseQuery(string(text))
	return err
}

// readParts reads a form with files.
func (v *visit) readParts(parts *multipart.Reader) error {
	v.form, v.files = url.Values{}, map[string][]posted{}
	text, files := maxText, maxFiles
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := p.FormName()
		if _, file := p.Header["Content-Type"]; !file {
			value, err := read(p, text)
			if err != nil {
				return err
			}
			text -= len(value)
			v.form.Add(name, string(value))
			continue
		}
		if p.FileName() == "" { // a field that nobody chose a file for
			continue
		}
		f := posted{Name: p.FileName()}
		f.Content, err = read(p, min(maxFile, files))
		if errors.Is(err, errTooMuch) {
			f.Cut = "form.paper.large"
			if files < maxFile {
				f.Cut = "form.paper.much"
			}
			f.Content = nil
			_, err = io.Copy(io.Discard, p)
		}
		if err != nil {
			return err
		}
		files -= len(f.Content)
		v.files[name] = append(v.files[name], f)
	}
}

// read reads at most n bytes to the end; more are errTooMuch.
func read(r io.Reader, n int) ([]byte, error) {
	var b bytes.Buffer
	_, err := io.CopyN(&b, r, int64(n)+1)
	switch {
	case errors.Is(err, io.EOF):
		return b.Bytes(), nil
	case err != nil:
		return nil, err
	}
	return nil, errTooMuch
}
