package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/text/unicode/norm"

	"lienthong/engine"
)

type documentView struct {
	ID   string `json:"id" doc:"Name it where a form asks for a document"`
	Name string `json:"name"`
	Type string `json:"type" enum:"application/pdf,image/jpeg,image/png,application/xml"`
	Size int64  `json:"size"`
	Hash string `json:"hash" doc:"SHA-256 of the content"`
	At   Time   `json:"at"`
}

func documentOf(d *engine.Document) documentView {
	return documentView{ID: d.ID, Name: d.Name, Type: d.Type, Size: d.Size, Hash: d.Hash, At: at(d.At)}
}

// envelope is what a multipart body holds beside the file.
const envelope = 64 << 10

func (s *Server) routeDocuments() {
	p := base + "/documents"
	route(s, op{method: http.MethodPost, path: p, id: "upload-document", tag: "documents", summary: "Upload a paper: pdf, jpeg, png or xml, up to 10 MB", status: 201, who: caseFolk, body: s.cfg.Limits.DocumentBytes + envelope},
		s.upload, func(o *huma.Operation) {
			o.SkipValidateBody = true
			o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
				Type: "object", Required: []string{"file"}, Properties: map[string]*huma.Schema{"file": {Type: "string", Format: "binary"}}}}}}
		})
	route(s, op{method: http.MethodGet, path: p + "/{id}", id: "get-document", tag: "documents", summary: "A document's content, for its owner and for who may see a case that names it", status: 200, who: caseFolk},
		s.download, func(o *huma.Operation) {
			content := map[string]*huma.MediaType{}
			for _, kind := range documentTypes {
				content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
			}
			o.Responses = map[string]*huma.Response{"200": {Description: "The content", Content: content}}
		})
}

// uploadInput is a multipart body as it came.
type uploadInput struct {
	kind string
	body []byte
}

// Resolve takes the bytes.
func (in *uploadInput) Resolve(hc huma.Context) []error {
	var h http.Header
	in.body, h = rawOf(hc)
	in.kind = h.Get("Content-Type")
	return nil
}

// upload keeps a document under a name that follows from owner and content, so
// that a repetition is the same document: no key is needed.
func (s *Server) upload(ctx context.Context, in *uploadInput) (*struct {
	Location string `header:"Location"`
	Body     documentView
}, error) {
	name, content, err := filePart(in.kind, in.body)
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > s.cfg.Limits.DocumentBytes {
		return nil, &engine.Error{Code: codeTooLarge}
	}
	kind := sniff(content)
	if kind == "" {
		return nil, engine.Fail(codeDocument, "Chỉ nhận tệp PDF, JPEG, PNG hoặc XML.", "Only PDF, JPEG, PNG and XML files are taken.")
	}
	owner := callerOf(ctx).actor.ID
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:])
	id := sha256.Sum256([]byte(owner + "\x00" + hash))
	d := engine.Document{ID: hex.EncodeToString(id[:]), Owner: owner, Name: name, Type: kind, Size: int64(len(content)), Hash: hash, At: s.cfg.Runtime.Now()}
	stands, err := s.cfg.Store.Documents(ctx, []string{d.ID})
	if err != nil {
		return nil, err
	}
	if len(stands) > 0 {
		d = stands[0] // as it was sent first, and where it was filed
	} else if err := s.cfg.Store.PutDocument(ctx, d, content); err != nil {
		return nil, err
	}
	return &struct {
		Location string `header:"Location"`
		Body     documentView
	}{base + "/documents/" + d.ID, documentOf(&d)}, nil
}

// filePart finds the part named file.
func filePart(contentType string, body []byte) (name string, content []byte, err error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return "", nil, engine.Fail(codeMedia, "Hãy gửi multipart/form-data.", "Send multipart/form-data.")
	}
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for range 20 {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", nil, &engine.Error{Code: codeMalformed, Err: err, Detail: Text{VI: "Nội dung nhiều phần không đọc được.", EN: "The multipart body cannot be read."}}
		}
		if part.FormName() != "file" {
			continue
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return "", nil, &engine.Error{Code: codeMalformed, Err: err}
		}
		return cleanName(part.FileName()), content, nil
	}
	return "", nil, invalid("/file", "required", "Thiếu tệp.", "The file is missing.")
}

// cleanName keeps what may stand in a header and on a screen: NFC, no path, no
// control characters.
func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(norm.NFC.String(name), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '"' || r == unicode.ReplacementChar || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name)
	if r := []rune(name); len(r) > 150 {
		name = string(r[:150])
	}
	if name == "" || name == "." || name == "/" {
		return "document"
	}
	return name
}

// documentTypes are what is taken.
var documentTypes = []string{"application/pdf", "image/jpeg", "image/png", "application/xml"}

// sniff tells a document's type from its first bytes; "" for what is not taken.
func sniff(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("%PDF-")):
		return "application/pdf"
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	}
	x := bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	// Signed XML is taken; document types and entities are not.
	if bytes.HasPrefix(x, []byte("<?xml ")) && !bytes.Contains(x, []byte("<!DOCTYPE")) && !bytes.Contains(x, []byte("<!ENTITY")) {
		return "application/xml"
	}
	return ""
}

type downloadAnswer struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Policy      string `header:"Content-Security-Policy"`
	Length      string `header:"Content-Length"`
	ETag        string `header:"ETag"`
	Body        []byte
}

func (s *Server) download(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"100"`
	Case string `query:"case" maxLength:"100" doc:"For everybody but the owner: a case that names the document"`
}) (*downloadAnswer, error) {
	d, content, err := s.cfg.Store.Document(ctx, in.ID)
	if err != nil {
		return nil, plainly(err)
	}
	if d.Owner != callerOf(ctx).actor.ID {
		code := in.Case
		if code == "" {
			code = d.Case
		}
		if err := s.mayRead(ctx, code, d); err != nil {
			return nil, err
		}
	}
	return &downloadAnswer{ContentType: d.Type, Disposition: "attachment; filename*=UTF-8''" + url.PathEscape(d.Name),
		Policy: "default-src 'none'; sandbox", Length: strconv.FormatInt(d.Size, 10), ETag: strconv.Quote(d.Hash), Body: content}, nil
}

// mayRead lets somebody read a document through a case that names it: all of the
// case's people the whole case's papers, a party those of their question.
func (s *Server) mayRead(ctx context.Context, code string, d *engine.Document) error {
	if code == "" {
		return notFound()
	}
	c, sees, err := s.open(ctx, code)
	if err != nil {
		return err
	}
	named := sees == full && (d.Case == c.Code || caseNames(c, d.ID))
	for _, x := range c.Dossiers {
		if sees == partial && partyOf(x, callerOf(ctx).actor.ID) {
			named = named || names(x.With, d.ID)
		}
	}
	if !named {
		return notFound()
	}
	return s.logRead(ctx, c.Code, "document")
}

// caseNames tells whether a case holds a document's id anywhere.
func caseNames(c *engine.Case, id string) bool {
	named := names(c.App, id)
	for i := range c.Items {
		named = named || names(c.Items[i].Answer, id)
	}
	for _, x := range c.Dossiers {
		named = named || names(x.With, id) || names(x.Data, id) || x.Result != nil && names(x.Result.Data, id)
	}
	return named
}

// mayName refuses papers that an input names though they are not the caller's, nor those
// of the case (nil: it is filed by this): the people of a case read what it names, so
// whoever once saw an id could go on reading. What is not there is refused alike.
func (s *Server) mayName(ctx context.Context, c *engine.Case, input map[string]any) error {
	if !namesDocument(input) {
		return nil
	}
	ids := documentIDs(input, nil)
	list, err := s.cfg.Store.Documents(ctx, ids)
	if err != nil {
		return err
	}
	for _, d := range list {
		if d.Owner == callerOf(ctx).actor.ID || c != nil && caseNames(c, d.ID) {
			ids = slices.DeleteFunc(ids, func(id string) bool { return id == d.ID })
		}
	}
	var ps []engine.Problem
	for _, id := range ids {
		ps = append(ps, engine.Problem{Pointer: pointerTo(input, id), Code: "document",
			Detail: Text{VI: "Bạn chưa tải giấy tờ này lên.", EN: "You have not uploaded this document."}})
	}
	if len(ps) == 0 {
		return nil
	}
	return &engine.Error{Code: engine.Invalid, Problems: ps}
}

// pointerTo is where a value first stands in another one; "" also when it does not.
func pointerTo(v any, text string) string {
	switch x := v.(type) {
	case map[string]any:
		for _, k := range sortedKeys(x) {
			if names(x[k], text) {
				return "/" + escapePointer(k) + pointerTo(x[k], text)
			}
		}
	case []any:
		for i := range x {
			if names(x[i], text) {
				return "/" + strconv.Itoa(i) + pointerTo(x[i], text)
			}
		}
	}
	return ""
}

// names tells whether a value holds a document's id anywhere.
func names(v any, id string) bool {
	switch x := v.(type) {
	case string:
		return x == id
	case map[string]any:
		for _, e := range x {
			if names(e, id) {
				return true
			}
		}
	case []any:
		for _, e := range x {
			if names(e, id) {
				return true
			}
		}
	}
	return false
}
