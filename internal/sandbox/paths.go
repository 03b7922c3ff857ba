package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// order makes the config complete.
func (c *Config) order() (*order, error) {
	if len(c.Argv) == 0 {
		return nil, errors.New("sandbox: no program")
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	o := &order{Argv: slices.Clone(c.Argv), Dir: dir, Show: append([]string{dir}, c.Show...), Hide: c.hide(), Limits: c.Limits}
	o.Limits.setDefaults()
	if filepath.Base(o.Argv[0]) == o.Argv[0] {
		if o.Argv[0], err = exec.LookPath(o.Argv[0]); err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
	}
	o.Show = append(o.Show, o.programDirs()...)
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		o.Show = append(o.Show, o.toolDirs(dir)...)
	}
	o.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=/tmp", "LANG=C.UTF-8"}, c.Env...)
	o.Drop = canDrop()
	return o, nil
}

// allHomes is where the homes of ordinary users are.
const allHomes = "/home"

// hide returns the directories that are hidden, under their real names: those asked for, and what users keep for themselves.
func (c *Config) hide() (dirs []string) {
	wanted := append(slices.Clone(c.Hide), allHomes, "/root")
	if home, err := os.UserHomeDir(); err == nil {
		wanted = append(wanted, home)
	}
	for _, dir := range wanted {
		dir, err := filepath.Abs(dir)
		if err == nil {
			dir, err = filepath.EvalSymlinks(dir)
		}
		if err == nil && dir != "/" && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// programDirs returns where the program lies, and where it lies really if that is a link. A link in the program's own
// directory is the stranger's, who does not say what is shown.
func (o *order) programDirs() []string {
	path := o.Argv[0]
	if !filepath.IsAbs(path) {
		path = filepath.Join(o.Dir, path)
	}
	if within(path, o.Dir) {
		return nil
	}
	dirs := append(o.toolDirs(path), path)
	if to, err := filepath.EvalSymlinks(path); err == nil && to != path {
		dirs = append(append(dirs, o.toolDirs(to)...), to)
	}
	return dirs
}

// toolDirs returns the directory of the toolchain to which path belongs if that is hidden, or if not everybody may enter it:
// the first one on the way to path within a home.
func (o *order) toolDirs(path string) []string {
	if !filepath.IsAbs(path) {
		return nil
	}
	home := closedAbove(path)
	for _, dir := range o.Hide {
		if within(path, dir) && len(dir) > len(home) {
			home = dir
		}
	}
	if home == "" {
		return nil
	}
	names := strings.Split(strings.TrimPrefix(path, home+"/"), "/")
	if home == allHomes {
		home = filepath.Join(home, names[0])
		names = names[1:]
	}
	if len(names) == 0 || path == home {
		return nil
	}
	return []string{filepath.Join(home, names[0])}
}
