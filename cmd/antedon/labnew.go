package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/sdk"
)

// labNewWant are the arguments that it takes.
const labNewWant = "LANG DIR"

func newLabNew() *cobra.Command {
	langs := strings.Join(sdk.Langs(), ", ")
	return &cobra.Command{
		Use:   "new " + labNewWant,
		Short: "Make a directory in which to write a TCP",
		Long: "Make the directory DIR with all that is needed to write a TCP in the language LANG, and say how to go on. DIR may\n" +
			"exist if it is empty.\n\nLANG is one of: " + langs + ".",
		Example:   "  antedon lab new go my-tcp",
		Args:      positional(2, 2, labNewWant+", LANG being one of "+langs),
		ValidArgs: sdk.Langs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			kit, err := sdk.Find(args[0])
			if err != nil {
				return usageError{err}
			}
			dir := filepath.Clean(args[1])
			err = kit.Write(dir)
			if errors.Is(err, sdk.ErrNotEmpty) {
				return fmt.Errorf("%s is not empty; nothing was written", dir)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), howToGoOn(&kit, dir, ourName()))
			return err
		},
	}
}

// ourName is what to type in any directory for this program: mostly it was not installed but built and never moved.
func ourName() string {
	const name = "antedon"
	self, err := os.Executable()
	if err != nil {
		return name
	}
	if installed, err := exec.LookPath(name); err == nil {
		if installed, err = filepath.EvalSymlinks(installed); err == nil && installed == self {
			return name
		}
	}
	return quoted(self)
}

// howToGoOn says what to do with a directory just made, by a program of that name.
func howToGoOn(kit *sdk.Kit, dir, antedon string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is ready. Write your TCP in %s; README.md explains it (中文: README.zh-CN.md).\n\n", dir, filepath.Join(dir, kit.FillIn))
	fmt.Fprintf(&b, "Have it carry a page, in a private network and without root:\n\n  cd %s\n", quoted(dir))
	build, run := kit.Next[:len(kit.Next)-1], kit.Next[len(kit.Next)-1]
	for _, command := range build {
		fmt.Fprintf(&b, "  %s\n", command)
	}
	fmt.Fprintf(&b, "  %s lab driver --sdk %s -- curl http://10.7.0.2/\n\n", antedon, quoted(run))
	fmt.Fprintf(&b, "One segment at a time, from the first SYN on:\n\n  %s lab drill base -- %s\n", antedon, run)
	return b.String()
}

// quoted returns a path as a shell takes it.
func quoted(path string) string {
	if path != "" && !strings.ContainsFunc(path, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,:@", r)
	}) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
