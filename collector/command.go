// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"
)

// ErrUsage is wrapped by the error of a command line that is wrong: the exit code is 2.
var ErrUsage = errors.New("see --help")

const exitCodes = `
EXIT CODE
  0  done; of validate: the configuration is valid
  1  the configuration is invalid, or the Collector failed
  2  wrong usage
`

// runCommand runs the Collector's command, which has no secrets in its error.
func runCommand(ctx context.Context, set otelcol.CollectorSettings, secrets *masks) error {
	command := newCommand(set)
	started := false
	command.PersistentPreRun = func(*cobra.Command, []string) { started = true }
	err := secrets.error(recovered(func() error { return command.ExecuteContext(ctx) }))
	if err != nil && !started {
		return fmt.Errorf("%s (%w)", oneLine(err), ErrUsage)
	}
	return err
}

// newCommand is the Collector's command with a manual that fits this one.
func newCommand(set otelcol.CollectorSettings) *cobra.Command {
	root := otelcol.NewCommand(set)
	root.SilenceErrors = true // it would print them with the secrets in them
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		help(c, args)
		_, _ = fmt.Fprint(c.OutOrStdout(), exitCodes)
	})
	name := root.Name()
	root.Long = "The Collector of the Lambda layer as a command, to check a configuration before you deploy it: with the same\n" +
		"components, and without --config the same configuration from the variables of the shell. docs/configuration.md\n" +
		"has them all. Without a command it runs the Collector; in Lambda, the layer does that."
	root.Example = "  " + name + " validate --config collector.yaml\n" +
		"  ROTEL_OTLP_EXPORTER_ENDPOINT=https://ingest.example.com:4318 " + name + " print-config"
	for _, c := range append(root.Commands(), root) {
		switch c.Name() {
		case "validate":
			c.Short = "Tells in one line what is wrong with a configuration, and nothing if it is valid"
			c.Example = "  " + name + " validate --config collector.yaml"
		case "print-config":
			c.Short, c.Long = "Prints what becomes of a configuration: with what the layer adds, and secrets masked", ""
			c.Example = "  " + name + " print-config --config collector.yaml"
		case "components":
			c.Short, c.Long = "Prints the components that are built in, and their stability, in YAML", ""
		}
		for _, text := range flagTexts() {
			if f := c.Flags().Lookup(text.flag); f != nil {
				f.Usage, f.DefValue = text.usage, text.preset
			}
		}
	}
	return root
}

// flagText describes a flag, and what it is if it is not given.
type flagText struct{ flag, usage, preset string }

func flagTexts() []flagText {
	return []flagText{
		{"config", "the `FILE` or URI of a configuration; several are merged. Default: what the variables of the shell say", ""},
		{"set", "`KEY=VALUE` over what --config says, for example exporters.otlp_http.timeout=2s; may be repeated", ""},
		{"feature-gates", "the `GATES` to open, separated by commas; with a - in front of one, to close it. See featuregate", ""},
		{"mode", "redacted; or unredacted, which shows the secrets", "redacted"},
		{"format", "yaml or json", "yaml"},
		{"validate", "whether it has to be valid to be printed", "true"},
	}
}

// validates tells whether the command line asks whether a configuration is valid.
func validates(args []string) bool { return slices.Contains(args, "validate") }

// invalid is what is wrong with a configuration in the words that the layer has for it in Lambda: one line that names
// where to mend it.
func (e environment) invalid(args []string, err error) error {
	if uri := configFlag(args); uri != "" {
		e.lookup = func(name string) (string, bool) { return uri, name == configURIVar }
	}
	return errors.New(strings.TrimPrefix(e.advice(err), "failed to get config: "))
}

// configFlag returns the last configuration that the command line names, in the place of that of the environment.
func configFlag(args []string) (uri string) {
	for i, arg := range args {
		value, isFlag := strings.CutPrefix(arg, "--config")
		switch {
		case !isFlag:
		case value == "" && i+1 < len(args):
			uri = args[i+1]
		case strings.HasPrefix(value, "="):
			uri = value[1:]
		}
	}
	return uri
}
