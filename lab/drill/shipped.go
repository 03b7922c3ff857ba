package drill

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed scripts/*.drill
var files embed.FS

// extension is that of a script's file. Shipped ones have a number in front, which orders them.
const extension = ".drill"

// Shipped returns the scripts that come with the program, in the order of a connection's life.
func Shipped() []*Script {
	entries, err := fs.ReadDir(files, "scripts")
	if err != nil {
		panic(err) // they are part of the program
	}
	var scripts []*Script
	for _, e := range entries {
		b, err := files.ReadFile("scripts/" + e.Name())
		if err != nil {
			panic(err)
		}
		s, err := Parse(shippedName(e.Name()), string(b))
		if err != nil {
			panic(err) // a test has read them all
		}
		scripts = append(scripts, s)
	}
	return scripts
}

// shippedName is the name without number and extension.
func shippedName(file string) string {
	_, name, _ := strings.Cut(strings.TrimSuffix(file, extension), "-")
	return name
}

// ErrNoScript is why nothing is found.
var ErrNoScript = errors.New("no script of that name comes with this program, nor is there a file or directory")

// Find returns the scripts that name means: all, base or full for what comes with the program, all of it or that level;
// the name of one of these; a file; or all *.drill in a directory.
func Find(name string) ([]*Script, error) {
	var some []*Script
	for _, s := range Shipped() {
		if name == "all" || name == string(s.Level) || name == s.Name {
			some = append(some, s)
		}
	}
	if len(some) > 0 {
		return some, nil
	}
	fi, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", name, ErrNoScript)
	case err != nil:
		return nil, err
	case !fi.IsDir():
		s, err := Read(name)
		return []*Script{s}, err
	}
	paths, err := filepath.Glob(filepath.Join(name, "*"+extension))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: there is no *%s in it", name, extension)
	}
	for _, path := range paths {
		s, err := Read(path)
		if err != nil {
			return nil, err
		}
		some = append(some, s)
	}
	return some, nil
}

// maxFile bounds a script.
const maxFile = 1 << 20

// Read reads a script from a file.
func Read(path string) (*Script, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("%s: %d bytes are too many for a script", path, len(b))
	}
	return Parse(path, string(b))
}
