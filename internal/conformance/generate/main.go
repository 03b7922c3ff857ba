// Command generate writes docs/conformance.md of the repository whose root is its argument, and fails if a requirement
// is unanswered or a tag is wrong.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/antedon-net/antedon/internal/conformance"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate ROOT")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	report, err := conformance.Read(os.DirFS(root))
	if err != nil {
		return err
	}
	name := filepath.Join(root, "docs", "conformance.md")
	if err := os.WriteFile(name, report.AppendMarkdown(nil), 0o644); err != nil {
		return err
	}
	for _, p := range report.Problems {
		fmt.Fprintln(os.Stderr, p)
	}
	if n := len(report.Problems); n > 0 {
		return fmt.Errorf("%d problems", n)
	}
	return nil
}
