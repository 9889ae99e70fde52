package portal

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed static/*.css static/*.js static/*.svg static/vendor
var staticFiles embed.FS

// bundles are the files that go out together under one name.
var bundles = map[string][]string{
	"portal.css": {"vendor/designsystemet.css", "portal.css"},
	"portal.js":  {"vendor/htmx.min.js", "vendor/hx-sse.min.js", "portal.js"},
	"icon.svg":   {"icon.svg"},
}

// fontFiles are named by the style sheet.
var fontFiles = []string{
	"be-vietnam-pro-latin-400-normal.woff2", "be-vietnam-pro-latin-600-normal.woff2",
	"be-vietnam-pro-vietnamese-400-normal.woff2", "be-vietnam-pro-vietnamese-600-normal.woff2",
}

var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2"}

// asset is one file as it is sent.
type asset struct {
	kind        string
	plain, gzip []byte // gzip nil where it does not help
}

// assets serves files under names that hold a hash of their content, so that a
// browser keeps them for good.
type assets struct {
	files map[string]asset  // by hashed name
	names map[string]string // plain name → hashed name
}

func loadAssets() (*assets, error) {
	a := &assets{files: map[string]asset{}, names: map[string]string{}}
	for _, f := range fontFiles {
		b, err := staticFiles.ReadFile("static/vendor/" + f)
		if err != nil {
			return nil, err
		}
		if err := a.add(f, b); err != nil {
			return nil, err
		}
	}
	for name, parts := range bundles {
		var b bytes.Buffer
		for _, part := range parts {
			x, err := staticFiles.ReadFile("static/" + part)
			if err != nil {
				return nil, err
			}
			b.Write(x)
			b.WriteByte('\n')
		}
		content := b.Bytes()
		if strings.HasSuffix(name, ".css") {
			for _, f := range fontFiles { // url(x.woff2) becomes the hashed name
				content = bytes.ReplaceAll(content, []byte(f), []byte(a.names[f]))
			}
		}
		if err := a.add(name, content); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *assets) add(name string, content []byte) error {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	f := asset{kind: kinds[ext], plain: content}
	if ext != ".woff2" { // a font is compressed in itself
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := z.Write(content); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		f.gzip = b.Bytes()
	}
	a.files[hashed], a.names[name] = f, hashed
	return nil
}

// path is the address of a file by its plain name.
func (a *assets) path(name string) (string, error) {
	hashed, ok := a.names[name]
	if !ok {
		return "", fmt.Errorf("no file %q", name)
	}
	return "/static/" + hashed, nil
}

// ServeHTTP serves one file.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.files[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if f.gzip != nil && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the browser has gone: nobody to tell
	}
}
