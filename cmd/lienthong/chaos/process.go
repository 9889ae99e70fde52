package chaos

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is one process that the harness started.
type process struct {
	name   string
	cmd    *exec.Cmd
	exited chan struct{} // closed when it has ended
	err    error         // how it ended; read after exited
	killed bool          // by us
}

// startupTime bounds how long a process may take to say that it listens. It is
// generous: the machine may have other work.
const startupTime = 2 * time.Minute

// launch starts a process whose complaints are appended to a log file.
func launch(name string, cmd *exec.Cmd, log string) (*process, io.Reader, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close() // the child has its own
	cmd.Stderr = f
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer w.Close()
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("starting the %s: %w", name, err), r.Close())
	}
	p := &process{name: name, cmd: cmd, exited: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	return p, r, nil
}

// start launches a process and waits for its first line, which says that it
// listens.
func start(ctx context.Context, name string, cmd *exec.Cmd, log string) (*process, error) {
	p, out, err := launch(name, cmd, log)
	if err != nil {
		return nil, err
	}
	said := make(chan error, 1)
	go func() {
		r := bufio.NewReader(out)
		line, err := r.ReadString('\n')
		if err == nil && !strings.Contains(line, "http://") {
			err = fmt.Errorf("it said %q", line)
		}
		said <- err
		_, _ = io.Copy(io.Discard, r) // until the process ends
		if c, ok := out.(io.Closer); ok {
			_ = c.Close()
		}
	}()
	limit := time.NewTimer(startupTime)
	defer limit.Stop()
	select {
	case err = <-said:
	case <-limit.C:
		err = fmt.Errorf("silent for %s", startupTime)
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		p.kill()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, breach{fmt.Sprintf("the %s did not start: %v; its log ends:\n%s", name, err, tail(log))}
	}
	return p, nil
}

// kill ends the process as kill -9 does, and waits for its end.
func (p *process) kill() {
	p.killed = true
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.exited
}

// stop asks the process to end and waits; one that does not listen is killed.
func (p *process) stop() error {
	p.killed = true
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		<-p.exited
		return fmt.Errorf("the %s had ended before it was stopped: %w", p.name, p.err)
	}
	t := time.NewTimer(time.Minute)
	defer t.Stop()
	select {
	case <-p.exited:
		if p.err != nil {
			return fmt.Errorf("the %s ended with %w", p.name, p.err)
		}
		return nil
	case <-t.C:
		p.kill()
		return fmt.Errorf("the %s did not stop within a minute", p.name)
	}
}

// gone tells whether the process ended though nobody killed it.
func (p *process) gone() bool {
	if p == nil || p.killed {
		return false
	}
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// tail is the end of a log file.
func tail(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	if len(b) > 4000 {
		b = b[len(b)-4000:]
	}
	return string(b)
}

// alarms are lines that a log must not hold, whatever the fault.
var alarms = []string{"panic:", "fatal error:", "WARNING: DATA RACE", "level=ERROR msg=panic", "msg=stuck"}

// alarming returns lines of a log that tell of a defect.
func alarming(file string) []string {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	var out []string
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() && len(out) < most {
		for _, a := range alarms {
			if bytes.Contains(s.Bytes(), []byte(a)) {
				out = append(out, filepath.Base(file)+": "+s.Text())
				break
			}
		}
	}
	return out
}
