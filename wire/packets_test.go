package wire

import (
	"encoding/hex"
	"strings"
	"testing"
)

// unhex decodes hex digits; white space and '|' are for the reader.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "\n", "", "\t", "", "|", "").Replace(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
