package main

import (
	"bytes"
	"strings"

	"github.com/alecthomas/kong"
)

// helpIn prints help in a language. English stands beside what it is about; Vietnamese is
// among the phrases.
func helpIn(lang string) kong.HelpPrinter {
	return func(o kong.HelpOptions, k *kong.Context) error {
		k.Model.HelpFlag.Help = "Show this help; --lang vi: in Vietnamese."
		if lang != "vi" {
			return kong.DefaultHelpPrinter(o, k)
		}
		everyHelp(k.Model.Node, func(help *string) { *help = lineInVietnamese(*help) })
		out, text := k.Stdout, &bytes.Buffer{}
		k.Stdout = text
		err := kong.DefaultHelpPrinter(o, k)
		k.Stdout = out
		if err != nil {
			return err
		}
		lines := strings.Split(text.String(), "\n")
		for i, line := range lines {
			if strings.HasSuffix(line, ":") || strings.HasPrefix(line, "Usage: ") || strings.HasPrefix(line, "Run ") {
				lines[i] = lineInVietnamese(line)
			}
		}
		_, err = strings.NewReplacer("<command>", "<lệnh>", "[flags]", "[cờ]").WriteString(out, strings.Join(lines, "\n"))
		return err
	}
}

// everyHelp visits the help of a verb, of its arguments and flags, and of all below.
func everyHelp(n *kong.Node, visit func(help *string)) {
	visit(&n.Help)
	for _, f := range n.Flags {
		visit(&f.Help)
	}
	for _, p := range n.Positional {
		visit(&p.Help)
	}
	for _, c := range n.Children {
		everyHelp(c, visit)
	}
}
