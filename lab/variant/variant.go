package variant

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Variant is one way to be wrong.
type Variant struct {
	Name  string
	About string
	Edits []Edit

	// Loses says how many points of which marks it must lose: those and no others.
	Loses map[string]int

	// Lacks are the findings that a variant which loses no marks must not have: those and no others.
	Lacks []string
}

// An Edit replaces Old in a file, where it has to be exactly once, by New.
type Edit struct{ File, Old, New string }

// All are the marks that there are.
const All = 80

// Score is what a variant has to get.
func (v *Variant) Score() int {
	score := All
	for _, n := range v.Loses {
		score -= n
	}
	return score
}

// Find returns a variant by its name.
func Find(name string) (*Variant, error) {
	for i := range Variants {
		if Variants[i].Name == name {
			return &Variants[i], nil
		}
	}
	return nil, fmt.Errorf("there is no variant %q", name)
}

// Write puts the program into dir. root is the root of the repository.
func (v *Variant) Write(root, dir string) error {
	for _, from := range []string{"sdk/python", "sdk/python/reference"} {
		files, err := filepath.Glob(filepath.Join(root, from, "*.py"))
		if err != nil {
			return err
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), b, 0o644)
			}
			if err != nil {
				return err
			}
		}
	}
	for _, e := range v.Edits {
		if err := e.apply(dir); err != nil {
			return fmt.Errorf("variant %s: %w", v.Name, err)
		}
	}
	return nil
}

func (e *Edit) apply(dir string) error {
	path := filepath.Join(dir, e.File)
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if n := strings.Count(string(b), e.Old); n != 1 {
		return fmt.Errorf("%s contains %d times: %s", e.File, n, e.Old)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(b), e.Old, e.New, 1)), 0o644)
}
