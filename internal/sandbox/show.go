package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// hidden returns the directories to be masked: always, because that was asked for, and because only others may enter where
// something is to be shown. None is within another.
func (o *order) hidden() (dirs []string) {
	all := slices.Clone(masked)
	for _, dir := range o.Hide {
		if !slices.ContainsFunc(o.Show, func(path string) bool { return within(dir, path) }) {
			all = append(all, dir)
		}
	}
	for _, path := range o.Show {
		if closed := closedAbove(path); o.Drop && closed != "" {
			all = append(all, closed)
		}
	}
	slices.Sort(all) // a directory before what is in it
	for _, dir := range all {
		if !slices.ContainsFunc(dirs, func(above string) bool { return within(dir, above) }) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// openShown opens the paths that would be hidden otherwise.
func openShown(paths, hidden []string) ([]showing, error) {
	var shown []showing
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		path = filepath.Clean(path)
		if slices.Contains(masked, path) {
			return nil, fmt.Errorf("%s cannot be shown whole", path)
		}
		isShown := slices.ContainsFunc(shown, func(s showing) bool { return within(path, s.file.Name()) })
		if !filepath.IsAbs(path) || isShown || !isHidden(path, hidden) {
			continue
		}
		f, err := os.OpenFile(path, unix.O_PATH, 0)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) { // what we cannot see, it cannot
			continue
		}
		if err != nil {
			return nil, err
		}
		shown = append(shown, showing{f})
	}
	return shown, nil
}

// isHidden reports whether a path, or what it leads to, lies in one of the directories.
func isHidden(path string, dirs []string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		real = path
	}
	return slices.ContainsFunc(dirs, func(dir string) bool { return within(path, dir) || within(real, dir) })
}

// within reports whether path is dir or lies below it.
func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// closedAbove returns the first directory on the way to path that others may not enter, if there is one.
func closedAbove(path string) string {
	for i, c := range path {
		if c != '/' || i == 0 {
			continue
		}
		if fi, err := os.Stat(path[:i]); err == nil && fi.Mode()&0o001 == 0 {
			return path[:i]
		}
	}
	return ""
}

// A showing is a file or directory that is to be seen where it lies, opened with O_PATH.
type showing struct{ file *os.File }

// put mounts what was opened where it was, in directories that everybody may enter.
func (s *showing) put() error {
	defer s.file.Close()
	path := s.file.Name()
	fi, err := s.file.Stat()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if fi.IsDir() {
		err = os.MkdirAll(path, 0o755)
	} else {
		err = os.WriteFile(path, nil, 0o444)
	}
	if err != nil {
		return err
	}
	return mount(fmt.Sprintf("/proc/self/fd/%d", s.file.Fd()), path, "", unix.MS_BIND|unix.MS_REC, "")
}
