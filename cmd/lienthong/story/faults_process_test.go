package story_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"lienthong/agencies"
	"lienthong/cmd/lienthong/story"
	"lienthong/workflows"
)

// process is a server in a process of its own.
type process struct {
	t          *testing.T
	binary, db string
	client     *story.Client
	registries string
	cmd        *exec.Cmd
}

const passphrase = "một cụm mật khẩu đủ dài"

var address = regexp.MustCompile(`(http://\S+) \(registries: (http://[^)]+)\)`)

// start starts the server on its files and waits until it says where it listens.
func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(p.binary, "serve", "--db", "sqlite:"+p.db, "--listen", "127.0.0.1:0", "--administrator", passphrase)
	p.cmd.Env = append(os.Environ(), "LIENTHONG_SECRET=process", "LIENTHONG_OPERATOR=watcher")
	p.cmd.Stderr = p.t.Output()
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	where := address.FindStringSubmatch(line)
	if err != nil || where == nil {
		p.t.Fatalf("the server said %q: %v", line, err)
	}
	p.client.Base, p.registries = where[1], where[2]
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	_ = p.cmd.Wait() // "signal: killed"
}

func (p *process) restart() {
	p.t.Helper()
	p.kill()
	p.start()
}

// until polls the case until a part is in a state.
func (p *process) until(account, code, step, state string) *story.Case {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 15*time.Minute) // bounds what hangs; a dead process's lease lasts a minute
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := p.client.Case(ctx, account, code)
		if err == nil && c.Dossier(step).State == state {
			return c
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			p.t.Fatalf("%s is not %s in time: %+v %v", step, state, c, err)
		}
	}
}

// performed counts what the registries did, by registry and operation, for a case.
func (p *process) performed() map[string]int {
	p.t.Helper()
	out := map[string]int{}
	for _, id := range agencies.IDs {
		req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.registries+"/"+id+"/stats", nil)
		if err != nil {
			p.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer watcher")
		res, err := p.client.HTTP.Do(req)
		if err != nil {
			p.t.Fatal(err)
		}
		var stats agencies.Stats
		err = errors.Join(json.NewDecoder(res.Body).Decode(&stats), res.Body.Close())
		if err != nil {
			p.t.Fatal(err)
		}
		for operation, keys := range stats.Performed {
			for key, n := range keys {
				if n != 1 {
					p.t.Errorf("%s performed %s for %s %d times", id, operation, key, n)
				}
				out[id+"/"+operation] += n
			}
		}
	}
	return out
}

// The real server, killed after and in the middle of acts and started again on
// its files: every act that was acknowledged stands, one whose answer was lost is
// repeated under its key and stands once, and every registry did everything once.
func TestFaultsProcessKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary and starts real processes; left out with -short")
	}
	t.Parallel()
	dir := t.TempDir()
	p := &process{t: t, binary: filepath.Join(dir, "lienthong"), db: filepath.Join(dir, "cases.db")}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", p.binary, "lienthong/cmd/lienthong")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	transport := &http.Transport{}
	p.client = &story.Client{HTTP: &http.Client{Transport: transport}, Passphrase: passphrase}
	t.Cleanup(transport.CloseIdleConnections)
	p.start()
	t.Cleanup(func() { p.kill() })

	const citizen = "079078001402"
	commune, police := "civil_status_26743", "police_26743"
	account := func(id string, body map[string]any) {
		body["id"], body["passphrase"], body["name"] = id, passphrase, "Tài khoản "+id
		if _, err := p.client.Call(t.Context(), story.Request{Account: "administrator", Method: http.MethodPost, Path: "/accounts", Body: body}, nil); err != nil {
			t.Fatal(err)
		}
	}
	account(citizen, map[string]any{"kind": "citizen", "person": citizen})
	for _, role := range []string{"reception", "officer", "leader"} {
		account(role, map[string]any{"kind": "staff", "office": commune, "roles": []string{role}})
	}
	account("police", map[string]any{"kind": "staff", "office": police, "roles": []string{"officer"}})

	e, err := workflows.LoadExample("death-o2")
	if err != nil {
		t.Fatal(err)
	}
	yesterday := time.Now().AddDate(0, 0, -1).Format(time.DateOnly) // this server goes by the real calendar
	put(e.Application, yesterday, "deceased", "death_date")
	codes, err := p.client.File(t.Context(), citizen, e.Service, e.Application)
	if err != nil {
		t.Fatal(err)
	}
	code := codes[0]
	p.restart()
	act := func(who, step, action string, input map[string]any) {
		t.Helper()
		if err := p.client.Act(t.Context(), who, code, step, action, input); err != nil {
			t.Fatal(err)
		}
		p.restart() // acknowledged, and nothing more
	}

	// An act whose answer the power cut takes away.
	c := p.until(citizen, code, "death", "submitted")
	receive := story.Request{Account: "reception", Method: http.MethodPost, Path: "/cases/" + code + "/dossiers/death/actions/receive",
		Body: map[string]any{}, IfMatch: c.Dossier("death").ETag, Key: "receive"}
	if _, err := p.client.Case(t.Context(), "reception", code); err != nil { // signed in
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() { _, err := p.client.Call(t.Context(), receive, nil); sent <- err }()
	p.kill()
	t.Logf("the answer that was cut off: %v", <-sent)
	p.start()
	for range 2 {
		if _, err := p.client.Call(t.Context(), receive, nil); err != nil {
			t.Fatalf("the repetition: %v", err)
		}
	}

	tale := story.Join(t.Context(), story.Stage{Client: p.client}, code, citizen)
	act("officer", "death", "draft", tale.ExtractInput())
	act(citizen, "death", "confirm", nil)
	act("leader", "death", "sign", nil)
	p.until(citizen, code, "death", "registered")
	p.until(citizen, code, "residence", "checking")
	act("police", "residence", "approve", nil)
	c = p.until(citizen, code, "residence", "deleted")
	if c.Status != "ended" || c.Outcome != "completed" {
		t.Errorf("the case is %s %q", c.Status, c.Outcome)
	}

	var history struct{ Entries []entry }
	if _, err := p.client.Call(t.Context(), story.Request{Account: citizen, Method: http.MethodGet, Path: "/cases/" + code + "/history?limit=200"}, &history); err != nil {
		t.Fatal(err)
	}
	stands := map[string]int{}
	for i, x := range history.Entries {
		if x.Seq != int64(i+1) {
			t.Errorf("history jumps to %d after %d entries", x.Seq, i)
		}
		if x.Actor.Kind != "registry" && x.Actor.Kind != "timer" {
			stands[x.Step+" "+x.Action]++
		}
	}
	for _, x := range []string{" file", "death receive", "death draft", "death confirm", "death sign", "residence approve"} {
		if stands[x] != 1 {
			t.Errorf("%q stands %d times in history", x, stands[x])
		}
	}
	if len(stands) != 6 {
		t.Errorf("history holds %v", stands)
	}
	did := p.performed()
	for _, x := range []string{"civil_status/register_death", "population/record_death", "residence/household", "residence/remove_member"} {
		if did[x] != 1 {
			t.Errorf("%s was done %d times", x, did[x])
		}
	}
}
