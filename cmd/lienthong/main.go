// Command lienthong is the one binary of Liên Thông: the demonstration, the
// server, the simulated registries and the diagrams. It holds configuration and
// wiring only and may import every package; what it runs is in the packages.
//
// Exit status: 0 good, 1 the thing asked for is not good, 2 wrong usage.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/store/sqlite"
)

// commands are the verbs; each has its file.
type commands struct {
	Log  string `help:"Least serious log line to write: debug, info, warn, error." enum:"debug,info,warn,error" default:"warn" env:"LIENTHONG_LOG"`
	JSON bool   `help:"Write for a program: JSON instead of text, logs included."`

	About kong.VersionFlag `help:"Say which formats of a database this program knows, and the version of its rules."`

	Demo        demoCommand        `cmd:"" help:"One process with everything: plays a birth and a death case over HTTP, then stays up."`
	Serve       serveCommand       `cmd:"" help:"The server."`
	Agencies    agenciesCommand    `cmd:"" help:"The simulated registries alone."`
	Bench       benchCommand       `cmd:"" help:"Measure the linked birth on a fresh store."`
	Test        testCommand        `cmd:"" help:"Play the scenario files: the stories of the law, as an official reads them."`
	Diagram     diagramCommand     `cmd:"" help:"Draw a service or a procedure as SVG, Mermaid or DOT."`
	Diff        diffCommand        `cmd:"" help:"Say in words what decides otherwise in another version of a service."`
	Definitions definitionsCommand `cmd:"" help:"List, publish and choose versions of services, in a database or at a server."`
	Migrate     migrateCommand     `cmd:"" help:"Move running cases to another version, or say what that would change."`
	Revert      revertCommand      `cmd:"" help:"Take a case's migration back, while nothing else has happened."`
	Check       checkCommand       `cmd:"" help:"Compile definitions and search everything that can happen under them."`
	Chaos       chaosCommand       `cmd:"" help:"Hurt the system for minutes and count what was lost, doubled or left."`
	Verify      verifyCommand      `cmd:"" help:"Check a whole database: pages, chains, every case against its history."`
	Backup      backupCommand      `cmd:"" help:"Copy the database of a running server to a file of its own."`
	Restore     restoreCommand     `cmd:"" help:"Put a backup in the place of a database."`
	Archive     archiveCommand     `cmd:"" help:"Move closed cases to a sealed file, or one back."`
	Replay      replayCommand      `cmd:"" help:"Rebuild a case as it was at any entry, or all, and compare with what is stored."`
	Simulate    simulateCommand    `cmd:"" help:"Play weeks of citizens, clerks and faults in seconds: queues, due times, and whether every invariant holds."`
	Export      exportCommand      `cmd:"" help:"Write histories to a file, with pseudonyms instead of personal data."`
	Import      importCommand      `cmd:"" help:"Bring in what other systems wrote."`
}

// errNotGood says that the command worked and found something not good: exit 1
// without another message.
var errNotGood = errors.New("not good")

// env is what every command gets.
type env struct {
	ctx    context.Context
	out    io.Writer
	errs   io.Writer
	log    *slog.Logger
	asJSON bool
	lang   string // of what people read
}

// garbage is how much garbage may stand beside what is live, in per cent, before it
// is collected. What is live is small here (cases are in the database), so that
// the usual 100 would collect several times a second; GOGC overrules it.
//
// Where people wait for answers it may be more, for everybody waits while a collection
// takes its share of the processors; up to a bound (GOMEMLIMIT), beyond which it is collected
// as soon as it must be: a flood leaves much that is live.
const (
	garbage        = 400
	garbageServing = 800
	memoryServing  = 640 << 20 // bytes, of Go; what SQLite has comes to it
)

// serving are the verbs whose process answers people, or measures one that does.
var serving = []string{"serve", "demo", "bench"}

func main() {
	collect(os.Args[1:])
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// collect sets when garbage is collected, as far as the environment does not.
func collect(args []string) {
	percent, most := garbage, int64(math.MaxInt64)
	if slices.ContainsFunc(args, func(a string) bool { return slices.Contains(serving, a) }) {
		percent, most = garbageServing, memoryServing
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(most)
	}
}

func run(args []string, out, errs io.Writer) int {
	var c commands
	code, lang := -1, machineLanguage()
	if named, rest := asked(args); named != "" {
		lang = named
		if slices.ContainsFunc(args, func(a string) bool { return a == "--help" || a == "-h" || a == "--about" }) {
			args = rest // not every verb has --lang, but all have help in both
		}
	}
	parser, err := kong.New(&c, kong.Name("lienthong"), kong.Writers(out, errs),
		kong.Description("Linked public services of Đề án 06: one application, every agency, one timeline."),
		kong.Vars{"version": version(lang)}, kong.Help(helpIn(lang)), kong.Exit(func(n int) { code = n }))
	if err != nil {
		fmt.Fprintln(errs, err)
		return 2
	}
	k, err := parser.Parse(args)
	if code >= 0 { // --help, --about
		return code
	}
	if err != nil {
		fmt.Fprintln(errs, "lienthong:", told(err, lang))
		fmt.Fprintln(errs, engine.Text{VI: `Chạy "lienthong --help" để xem các lệnh.`, EN: `Run "lienthong --help" for the commands.`}.In(lang))
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	e := &env{ctx: ctx, out: out, errs: errs, log: logger(errs, c.Log, c.JSON), asJSON: c.JSON, lang: language(k)}
	switch err := k.Run(e); {
	case err == nil:
		return 0
	case errors.Is(err, errNotGood):
		return 1
	default:
		fmt.Fprintln(errs, "lienthong:", e.told(err))
		if errors.As(err, new(usageError)) {
			return 2
		}
		return 1
	}
}

// usageError is what was asked wrongly, as a verb found when it ran.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// asked is the language that a command line names, whether or not it can be read, and
// what it holds beside.
func asked(args []string) (lang string, rest []string) {
	for i, a := range args {
		lang, after := strings.TrimPrefix(a, "--lang="), i+1
		if a == "--lang" && after < len(args) {
			lang, after = args[after], after+1
		}
		if lang != a && (lang == "vi" || lang == "en") {
			return lang, slices.Concat(args[:i], args[after:])
		}
	}
	return "", args
}

// machineLanguage is the one that the machine is set to, for whoever chooses none.
func machineLanguage() string {
	if locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")); strings.HasPrefix(locale, "vi") {
		return "vi"
	}
	return "en"
}

// language is the one that a verb was asked to speak; that of the machine for those
// that do not choose.
func language(k *kong.Context) string {
	for _, f := range k.Flags() {
		if f.Name == "lang" {
			return f.Target.String()
		}
	}
	return machineLanguage()
}

// told is an error in the language that was asked for; of what a signal ended, that it
// was stopped.
func (e *env) told(err error) string {
	if e.ctx.Err() == nil {
		return told(err, e.lang)
	}
	if x, ok := asEngineError(err); ok && errors.Is(x.Err, context.Canceled) { // not that somebody is busy
		err = x.Err
	}
	text := told(err, e.lang)
	for _, why := range []error{context.Canceled, context.Cause(e.ctx)} {
		text = strings.ReplaceAll(text, why.Error(), e.say("đã dừng theo yêu cầu", "stopped as asked"))
	}
	return text
}

// told is an error in a language: what is wrong in files has texts in both.
func told(err error, lang string) string {
	var wrong *machine.FindingsError
	if errors.As(err, &wrong) {
		return wrong.In(lang)
	}
	return errorIn(err, lang)
}

// asEngineError is the first error of the engine in a chain.
func asEngineError(err error) (*engine.Error, bool) { return errors.AsType[*engine.Error](err) }

// version says what decides whether this program can take a database over.
func version(lang string) string {
	text := engine.Text{VI: "lienthong: định dạng cơ sở dữ liệu đến %d, quy tắc %s", EN: "lienthong: database formats up to %d, rules %s"}
	return fmt.Sprintf(text.In(lang), sqlite.Format(), engine.EngineVersion)
}

func logger(w io.Writer, level string, asJSON bool) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelWarn
	}
	opt := &slog.HandlerOptions{Level: l}
	if asJSON {
		return slog.New(slog.NewJSONHandler(w, opt))
	}
	return slog.New(slog.NewTextHandler(w, opt))
}
