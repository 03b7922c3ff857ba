package main

import (
	"encoding/json"
	"io"

	"github.com/spf13/cobra"
)

// addJSON adds the flag --json.
func addJSON(cmd *cobra.Command, on *bool) {
	cmd.Flags().BoolVar(on, "json", false, "print JSON lines, and nothing else, on standard output")
}

// printJSON prints v as one line of JSON.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
