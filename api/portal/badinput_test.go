package portal_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"
)

// A death that has not happened yet, and a birth that no personal number could tell, are
// refused at their fields, in the words of the page.
func TestImpossibleDatesAreToldAtTheField(t *testing.T) {
	s := newStage(t)
	b := s.browse(cuc)
	at := b.start("death")
	b.form(b.open(at+"/about").want(200), "/about").set("about", "other", "other", "001099999999").send().want(200)
	page := at + "/pages/deceased"
	wrong := func(born, died, words string) {
		t.Helper()
		b.form(b.open(page), page).set("/deceased/birth_date", born, "/deceased/death_date", died).send().want(422).says(words, `-wrong"`)
	}
	wrong("10/02/1950", "08/09/2026", "Ngày chết không được sau hôm nay, 07/09/2026")
	wrong("10/02/1950", "09/02/1950", "Ngày chết không được trước “Ngày sinh”, 10/02/1950")
	wrong("31/12/1899", "10/02/1950", "Ngày sinh không được trước 01/01/1900")
}

// A form with every field wrong: each message stands at the top and leads to its field,
// the field says it too, and what was typed is still there.
func TestEveryFieldWrong(t *testing.T) {
	s := newStage(t)
	b := s.browse(cuc)
	at := b.start("death")
	list := b.form(b.open(at+"/about").want(200), "/about").set("about", "other", "other", "001099999999").send().want(200)
	const typed = `?<b>&"`
	refused, kept := 0, 0
	for _, m := range regexp.MustCompile(`href="(`+at+`/pages/[^"]+)"`).FindAllStringSubmatch(list.body, -1) {
		f := b.form(b.open(m[1]).want(200), m[1])
		for name := range f.names {
			if strings.HasPrefix(name, "/") && !strings.HasSuffix(name, "#file") {
				f.fields.Set(name, typed)
			}
		}
		r := f.send()
		if r.status == 200 { // a page of free texts
			continue
		}
		refused++
		links := regexp.MustCompile(`<li><a class="ds-link" href="#([^"]+)">`).FindAllStringSubmatch(r.want(422).says(`id="errors"`).body, -1)
		if len(links) == 0 {
			t.Errorf("%s: nothing at the top", m[1])
		}
		for _, l := range links {
			r.says(`id="`+l[1]+`"`, `id="`+l[1]+`-wrong"`)
		}
		r.saysNot("<b>&")
		again := b.form(r, m[1])
		for _, n := range r.forms() {
			for _, in := range all(n, isText) {
				if name, _ := attr(in, "name"); strings.HasPrefix(name, "/") && f.names[name] {
					if kept++; again.fields.Get(name) != typed {
						t.Errorf("%s: %s holds %q", m[1], name, again.fields.Get(name))
					}
				}
			}
		}
	}
	if refused < 3 || kept < 8 {
		t.Errorf("%d pages refused, %d fields kept", refused, kept)
	}
}

// What comes with pasted text and cannot be seen is left out; it was refused, at a place
// where nothing was to be seen.
func TestPastedControlCharacters(t *testing.T) {
	b := newStage(t).browse(tung)
	at := b.start("birth") + "/pages/children"
	b.form(b.open(at).want(200), at).set("/children/0/name", "Ngô\a Khánh\x00 Vy").send().want(200)
	b.open(at).want(200).says(`value="Ngô Khánh Vy"`)
}

func isText(n *html.Node) bool {
	kind, _ := attr(n, "type")
	return n.Data == "textarea" || n.Data == "input" && (kind == "" || kind == "text")
}

// endless gives a form with a file of n bytes, made while they are read.
func endless(fields url.Values, name, start string, n int64) (io.Reader, string) {
	pr, pw := io.Pipe()
	w := multipart.NewWriter(pw)
	go func() {
		part, err := w.CreateFormFile("/attachments/0/document#file", name)
		if err == nil {
			_, err = io.WriteString(part, start)
		}
		if err == nil {
			_, err = io.CopyN(part, zeros{}, n)
		}
		for k, list := range fields { // after the file, as they may come
			for _, v := range list {
				if err == nil {
					err = w.WriteField(k, v)
				}
			}
		}
		if err == nil {
			err = w.Close()
		}
		pw.CloseWithError(err)
	}()
	return pr, w.FormDataContentType()
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// sendAll posts as simple clients on slow lines do: the answer is read when everything
// was sent.
func (b *browser) sendAll(path string, body io.Reader, kind string) reply {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), "POST", b.s.sys.URL+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range b.http.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	line, err := net.Dial("tcp", r.URL.Host)
	if err != nil {
		b.t.Fatal(err)
	}
	defer line.Close()
	if err := r.Write(line); err != nil {
		b.t.Fatalf("hung up on in the middle: %v", err)
	}
	res, err := http.ReadResponse(bufio.NewReader(line), r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply{b.t, res.StatusCode, res.Header, string(text), path}
}

// 50 MB are refused at their field, what was typed beside them is kept, and they are
// never held; more than anybody means is not even read.
func TestAnUploadOf50MB(t *testing.T) {
	s := newStage(t)
	b := s.browse(tung)
	at := b.start("birth") + "/pages/attachments"
	f := b.form(b.form(b.open(at).want(200), at).send("add:/attachments").want(200), at)
	f.fields.Del("do")
	f.set("/attachments/0/name", "Giấy <xác nhận>")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	body, kind := endless(f.fields, "lớn.pdf", "%PDF-1.7", 50<<20)
	r := b.sendAll(at, body, kind)
	runtime.ReadMemStats(&after)
	r.want(422).says("Tệp “lớn.pdf” lớn hơn 10 MB.", `id="errors"`, `href="#f-attachments-0-document"`)
	if got := b.form(r, at).fields.Get("/attachments/0/name"); got != "Giấy <xác nhận>" {
		t.Errorf("the name beside it became %q", got)
	}
	b.open(at).want(200).says("Giấy &lt;xác nhận&gt;")
	t.Logf("%d MB allocated", (after.TotalAlloc-before.TotalAlloc)>>20)
	if grown := (after.TotalAlloc - before.TotalAlloc) >> 20; grown > 96 { // a buffer that grew to 10 MB takes some 40 on the way; one of 50 would take 150
		t.Errorf("%d MB were allocated", grown)
	}
	body, kind = endless(nil, "lớn.pdf", "%PDF-1.7", 111<<20)
	line := &http.Client{Jar: b.http.Jar}
	post, err := http.NewRequestWithContext(t.Context(), "POST", s.sys.URL+at, body)
	if err != nil {
		t.Fatal(err)
	}
	post.Header.Set("Content-Type", kind)
	post.Header.Set("Sec-Fetch-Site", "same-origin")
	if res, err := line.Do(post); err == nil { // or hung up on, which is as good
		res.Body.Close()
		if res.StatusCode != 413 {
			t.Errorf("status %d", res.StatusCode)
		}
	}
	b.open(at).want(200)
}

// Several files that are too much together: what fits is taken, the others are told of.
func TestFilesThatAreTooMuchTogether(t *testing.T) {
	s := newStage(t)
	b := s.browse(tung)
	at := b.start("birth") + "/pages/attachments"
	f := b.form(b.open(at).want(200), at)
	for range 3 {
		f = b.form(f.send("add:/attachments").want(200), at)
		f.fields.Del("do")
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, list := range f.fields {
		for _, v := range list {
			if err := w.WriteField(k, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, name := range []string{"một.pdf", "hai.pdf", "ba.pdf"} {
		part, err := w.CreateFormFile("/attachments/"+strconv.Itoa(i)+"/document#file", name)
		if err == nil {
			_, err = io.Copy(part, io.MultiReader(bytes.NewReader(aPDF()), strings.NewReader(name), io.LimitReader(zeros{}, 9<<20)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b.do("POST", at, &body, "Content-Type", w.FormDataContentType(), "Sec-Fetch-Site", "same-origin").want(422).
		says("Đã tải lên: một.pdf", "Đã tải lên: hai.pdf", "Tệp “ba.pdf” chưa được nhận").saysNot("Đã tải lên: ba.pdf")
}

// What a file is follows from its content, whatever its name says. Archives are not
// taken, so nothing is ever unpacked.
func TestFilesThatAreNotWhatTheySay(t *testing.T) {
	s := newStage(t)
	b := s.browse(tung)
	at := b.start("birth") + "/pages/attachments"
	f := b.form(b.form(b.open(at).want(200), at).send("add:/attachments").want(200), at)
	f.fields.Del("do")
	f.set("/attachments/0/name", "Giấy <xác nhận>")
	for name, content := range map[string][]byte{
		"đơn.pdf":      []byte("MZ\x90\x00\x03\x00\x00\x00 This program cannot be run in DOS mode"),
		"ảnh.png":      []byte("<script>alert(1)</script>"),
		"tờ khai.docx": bomb(t),
		"chứng từ.xml": []byte(`<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>`),
	} {
		r := f.sendFile("/attachments/0/document#file", name, content).want(422)
		r.says("Tệp “"+name+"” không phải là PDF, JPEG, PNG hoặc XML.", `id="errors"`)
		if got := b.form(r, at).fields.Get("/attachments/0/name"); got != "Giấy <xác nhận>" {
			t.Errorf("the name beside %s became %q", name, got)
		}
		f = b.form(r, at)
	}
	f.sendFile("/attachments/0/document#file", "đơn.pdf", aPDF())
	b.open(at).want(200).says("Đã tải lên: đơn.pdf")
}

// bomb is a small archive of much.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("word/document.xml")
	if err == nil {
		_, err = io.CopyN(f, zeros{}, 20<<20)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A tab that was left open while the same page was saved in another overwrites nothing:
// it says so, shows both, and saves when the button is pressed again.
func TestAStaleTab(t *testing.T) {
	s := newStage(t)
	b := s.browse(tung)
	at := b.start("birth")
	page := at + "/pages/card"
	old := b.form(b.open(page).want(200), page).set("/card/clinic", "Bệnh viện A")
	now := b.form(b.open(page).want(200), page).set("/card/clinic", "Bệnh viện B")
	b.fill(at+"/pages/relation_to_child", "/relation_to_child", "father") // another page is none of its business
	now.send().want(200)
	now.send().want(200).saysNot("ở nơi khác") // the same again is no conflict
	r := old.send().want(409).says("Mục này đã được sửa ở nơi khác", "Bệnh viện B", `value="Bệnh viện A"`)
	b.open(page).want(200).says("Bệnh viện B").saysNot("Bệnh viện A")
	b.form(r, page).send().want(200)
	b.open(page).want(200).says("Bệnh viện A")

	// Two at the same moment: the one that comes second is told, or both said the same.
	forms := []*sheet{b.form(b.open(page), page), b.form(b.open(page), page)}
	forms[0].set("/card/clinic", "Một")
	forms[1].set("/card/clinic", "Hai")
	replies := together(forms...)
	if a, z := replies[0].status, replies[1].status; a+z != 200+409 {
		t.Errorf("%d and %d", a, z)
	}
}

// Whom a form is about is asked once: an old tab with that question empties no form.
func TestAStaleTabThatAsksAbout(t *testing.T) {
	s := newStage(t)
	b := s.browse(cuc)
	at := b.start("death")
	about := b.form(b.open(at+"/about").want(200), "/about").set("about", "other", "other", "001099999999")
	about.send().want(200)
	b.fill(at+"/pages/deceased", "/deceased/name", "Nguyễn Văn Thử")
	if r := about.send().want(200); r.path != at {
		t.Errorf("went to %s", r.path)
	}
	b.open(at + "/pages/deceased").want(200).says("Nguyễn Văn Thử")
}

// together sends forms at once.
func together(forms ...*sheet) []reply {
	out := make([]reply, len(forms))
	var wg sync.WaitGroup
	for i, f := range forms {
		wg.Go(func() { out[i] = f.send() })
	}
	wg.Wait()
	return out
}

// Two clicks on the button that files are one case, and both end at its receipt; a
// declaration that was changed since it was read is not filed.
func TestFiledTwiceAtOnce(t *testing.T) {
	s := newStage(t)
	b := s.browse(dung)
	at := s.readyBirth(b)
	b.fill(at+"/pages/delivery", "/delivery/channel", "electronic")
	b.fill(at + "/pages/attachments")
	review := func() *sheet { return b.form(b.open(at+"/review").want(200), "/file").set("sure", "yes") }
	read := review()
	b.fill(at+"/pages/registration", "/registration/situation", "ordinary", "/registration/copies", "3")
	read.send().want(409).says("Chưa nộp gì", `href="#f-sure"`)

	first := review()
	replies := together(first, first, first)
	for _, r := range replies {
		if r.status != 200 || r.path != replies[0].path || !strings.HasSuffix(r.path, "/receipt") {
			t.Errorf("%d at %s: %s", r.status, r.path, r.main())
		}
	}
	list, _, err := s.sys.Store.CasesOf(t.Context(), dung, "", 100)
	if err != nil || len(list) != 2 { // twins: a case for each child, filed once
		t.Errorf("%d cases, %v", len(list), err)
	}
}

// The button that begins a declaration is pressed twice, without scripts: at the same
// moment or one after the other, signed in or not yet, one draft begins.
func TestBegunTwice(t *testing.T) {
	s := newStage(t)
	for _, account := range []string{tung, ""} {
		b := s.browse(account)
		f := b.form(b.open("/services/birth").want(200), "/applications")
		if account == "" {
			r := f.send().want(401)
			b = s.browse(dung)
			f = b.form(r, "/sign-in")
			f.fields.Set("account", dung)
		}
		at := make(chan string)
		for range 2 {
			go func() { at <- f.send().path }()
		}
		one, two := <-at, <-at
		if three := f.send().want(200).path; one != two || one != three || !strings.HasPrefix(one, "/applications/d") {
			t.Errorf("begun at %s, %s and %s", one, two, three)
		}
		who := cmp.Or(account, dung)
		if list, err := s.sys.Store.Drafts(t.Context(), who); err != nil || len(list) != 1 {
			t.Errorf("%d drafts of %s, %v", len(list), who, err)
		}
	}
	// Whoever opens the page again and presses begins another.
	b := s.browse(tung)
	b.form(b.open("/services/birth").want(200), "/applications").send().want(200)
	if list, err := s.sys.Store.Drafts(t.Context(), tung); err != nil || len(list) != 2 {
		t.Errorf("%d drafts, %v", len(list), err)
	}
}

// A file that is refused keeps its place: the entry is still there, with the message at
// it, also when nothing else was said of it. What must be attached is told in words
// before there is any entry.
func TestARefusedFileKeepsItsEntry(t *testing.T) {
	s := newStage(t)
	b := s.browse(tung)
	draft := b.start("birth")
	b.fill(draft+"/pages/relation_to_child", "/relation_to_child", "authorised").want(200)
	at := draft + "/pages/attachments"
	r := b.open(at).want(200).says("Trong trường hợp của bạn cần đính kèm:", "<li>Văn bản ủy quyền</li>").saysNot("<li>authorisation</li>")
	f := b.form(b.form(r, at).send("add:/attachments").want(200), at)
	f.fields.Del("do")
	f.sendFile("/attachments/0/document#file", "đơn.pdf", []byte("MZ\x90\x00")).want(422).
		says(`href="#f-attachments-0-document">Tệp “đơn.pdf” không phải là PDF`, `id="f-attachments-0-document-wrong"`)
}
