package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitFailure = 1
	exitUsage   = 2
)

// run is the program. It returns the exit code.
func run(args []string) int {
	ctx, stop := interruptible()
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	return report(cmd, err)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "antedon",
		Short: "A TCP/IP stack in user space",
		Long: "Antedon is a TCP/IP stack in user space. \"antedon demo\" shows it at work, without root and without touching\n" +
			"this machine's network.",
		Example:       "  antedon demo",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q", args[0])}
			}
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		newDemo(), newNetcat(), newHTTPD(), newWebget(), newChargen(), newDiscard(), newPing(), newDump(), newTUN(), newLoad(),
		newBench(), newLab(),
		newVersion(),
	)
	return root
}

// usageError is the mistake of whoever typed the command.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitCode is the error of a command that has said everything already.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// report prints why cmd failed, in one line, and returns the exit code.
func report(cmd *cobra.Command, err error) int {
	if err == nil {
		return 0
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	name := strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), "antedon"), " ")
	prefix := "antedon: "
	if name != "" {
		prefix += name + ": "
	}
	line := strings.ReplaceAll(strings.TrimSpace(describe(err)), "\n", "; ")
	if _, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(os.Stderr, "%s%s (see %s -h)\n", prefix, line, cmd.CommandPath())
		return exitUsage
	}
	fmt.Fprintf(os.Stderr, "%s%s\n", prefix, line)
	return exitFailure
}

// positional checks the number of a command's arguments, which want names: "HOST PORT".
func positional(least, most int, want string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef("missing argument: want %s", want)
		case len(args) > most && most == 0:
			return usagef("unexpected argument %q", args[0])
		case len(args) > most:
			return usagef("unexpected argument %q: want %s", args[most], want)
		}
		return nil
	}
}
