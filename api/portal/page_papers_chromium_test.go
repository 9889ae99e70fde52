package portal_test

import (
	"bufio"
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// screen starts a screen of its own, or skips: without one, chromium's viewer of PDF
// files stays dark.
func screen(t *testing.T) string {
	t.Helper()
	xvfb, err := exec.LookPath("Xvfb")
	if err != nil {
		t.Skip("there is no Xvfb on this machine: whether a PDF is painted cannot be seen")
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(xvfb, "-displayfd", "3", "-screen", "0", "1280x1000x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{write}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: its error says so
		_ = read.Close()
	})
	n, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Skipf("Xvfb gives no screen: %v", err)
	}
	return ":" + strings.TrimSpace(n)
}

// What a clerk sees of a PDF beside the declaration is its page: chromium's own viewer,
// which is dark, runs in a frame that our policy allows and paints a white page. A
// frame that is blocked or still empty is light all over, a viewer without a page dark.
func TestAPDFIsPaintedBesideTheDeclaration(t *testing.T) {
	t.Parallel()
	path, display := chromium(t), screen(t)
	s := newStage(t)
	tale := s.begin("birth-b4", papers(t, s.browse(tuan)))
	s.fine(tale)
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("headless", false), chromedp.Env("DISPLAY="+display))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Skipf("chromium does not open on a screen here: %v", err)
	}
	w := &window{t: t, s: s, ctx: ctx}
	w.resize(1280)
	w.be(s.browse(reception), "vi")
	w.open("/dossiers/" + tale.Code + "/birth")
	w.run(`document.querySelector("iframe").scrollIntoView()`)
	tick, late := time.NewTicker(500*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for {
		white, dark := w.shares("iframe")
		if white > 0.3 && dark > 0.03 {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%.0f %% of the frame is white and %.0f %% dark: the page is not painted", white*100, dark*100)
		}
	}
}

// shares is how much of an element is white and how much is dark, as it is on the
// screen.
func (w *window) shares(css string) (white, dark float64) {
	w.t.Helper()
	at := eval[[]float64](w, `(r => [r.left, r.top, r.right, Math.min(r.bottom, innerHeight)])(document.querySelector(`+js(css)+`).getBoundingClientRect())`)
	ctx, cancel := w.patient()
	defer cancel()
	raw, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		w.t.Fatal(err)
	}
	shot, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	box := image.Rect(int(at[0]), int(at[1]), int(at[2]), int(at[3])).Intersect(shot.Bounds())
	all := 0.0
	for y := box.Min.Y; y < box.Max.Y; y += 4 {
		for x := box.Min.X; x < box.Max.X; x += 4 {
			all++
			switch r, g, b, _ := shot.At(x, y).RGBA(); {
			case min(r, g, b) > 0xf000:
				white++
			case max(r, g, b) < 0x5000:
				dark++
			}
		}
	}
	return white / max(all, 1), dark / max(all, 1)
}

// With text of twice the size nothing sticks out of a telephone's screen (WCAG 1.4.4).
func TestTextOfTwiceTheSizeFits(t *testing.T) {
	s := newStage(t)
	w := s.openWindow(390)
	me := s.browse(tung)
	at := me.start("birth")
	tale := s.begin("birth-b4")
	s.fine(tale)
	fits := func(b *browser, paths ...string) {
		w.be(b, "vi")
		for _, path := range paths {
			w.open(path)
			w.run(`document.documentElement.style.fontSize = "200%"`)
			w.fits("twice " + path)
		}
	}
	fits(me, "/", "/cases", at, at+"/pages/registration", at+"/pages/children")
	fits(s.browse("officer.civil_status_00004"), "/inbox", "/dossiers/"+tale.Code+"/birth")
	w.leave()
}

// What is wider than a telephone's screen fades where there is more of it, until it is
// moved to its end; on a wide screen nothing fades.
func TestWhatIsWideFadesWhereThereIsMore(t *testing.T) {
	s := newStage(t)
	w := s.openWindow(390)
	w.be(s.browse("tester"), "vi")
	w.open("/workflows/birth/birth")
	const table = `document.querySelector(".lt-wide-table")`
	w.sees(table + `.classList.contains("lt-more") && !` + table + `.classList.contains("lt-before") && getComputedStyle(` + table + `).maskImage !== "none"`)
	w.run(table + `.scrollLeft = 10000`)
	w.sees(table + `.classList.contains("lt-before") && !` + table + `.classList.contains("lt-more")`)
	w.resize(1280)
	w.sees(table + `.matches(".lt-wide-table:not(.lt-more, .lt-before)")`)
	w.leave()
}
