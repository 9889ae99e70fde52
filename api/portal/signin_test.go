package portal_test

import (
	"net/url"
	"testing"

	"lienthong/api"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
)

func TestSignInOfTheDemonstration(t *testing.T) {
	s := newStage(t)
	b := s.browse("")
	b.open("/sign-in").want(200).says("Nguyễn Minh Tuấn", "UBND phường Ba Đình", `value="tester"`)
	b.post("/sign-in", url.Values{"account": {"nobody"}}).want(401).says("không đúng")
	b.post("/sign-in", url.Values{"account": {" "}}).want(422).says("Hãy nhập tài khoản")
	r := b.post("/sign-in", url.Values{"account": {tuan}, "to": {"//evil.example/x"}}).want(200).says("Nguyễn Minh Tuấn", "Đăng xuất")
	if r.path != "/" {
		t.Errorf("went to %s", r.path)
	}
	b.open("/sign-in").want(200).saysNot("chọn một người")
	b.post("/sign-out", nil).want(200).says("Đăng nhập").saysNot("Nguyễn Minh Tuấn")
	b.open("/").saysNot("Nguyễn Minh Tuấn")
}

// Outside a demonstration nobody is listed and the pass phrase counts.
func TestSignInWithPassPhrase(t *testing.T) {
	s := newStage(t, func(c *system.Config) { c.Demo = false; c.Secure = true })
	secret, err := api.HashPassphrase("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.sys.Store.PutAccount(t.Context(), engine.Account{ID: tuan, Kind: engine.Citizen, Person: tuan, Name: "Nguyễn Minh Tuấn", Secret: secret}, 0, nil); err != nil {
		t.Fatal(err)
	}
	b := s.browse("")
	b.open("/sign-in").want(200).says("Mật khẩu").saysNot("Nguyễn", tuan)
	b.post("/sign-in", url.Values{"account": {tuan}}).want(401)
	b.post("/sign-in", url.Values{"account": {tuan}, "passphrase": {"wrong horse battery"}}).want(401).saysNot("correct horse", "wrong horse")
	b.http.CheckRedirect = stop
	r := b.post("/sign-in", url.Values{"account": {tuan}, "passphrase": {"correct horse battery"}}).want(303)
	cookie := r.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Secure", "Path=/"} {
		if !contains(cookie, want) {
			t.Errorf("cookie %q lacks %s", cookie, want)
		}
	}
}

// A page that still asks for news when its session has ended must not end the session
// that somebody began in the same browser meanwhile.
func TestALateAnswerEndsNoSession(t *testing.T) {
	s := newStage(t)
	b := s.browse("")
	b.http.CheckRedirect = stop
	for _, old := range []string{"", "lienthong_session=ended"} {
		r := b.do("GET", "/cases/H29.2-260903-0001", nil, "Cookie", old).want(303)
		if set := r.header.Values("Set-Cookie"); len(set) > 0 {
			t.Errorf("cookie %q: the answer sets %q", old, set)
		}
	}
}
