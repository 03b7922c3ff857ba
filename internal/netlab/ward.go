package netlab

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	guardNamespace   = "namespace" // argument of a guard that has been given a namespace
	guardNamespaceFD = 3
)

// A ward is what is to be undone. This file and what it calls is all that a guard does, perhaps as root: it acts on
// checked steps only, and runs no other program.
type ward struct {
	steps     []Undo
	namespace int // descriptor of a network or mount namespace whose processes are to be ended, or -1
}

// add checks and adds a step.
func (w *ward) add(line []byte) error {
	u, err := parseUndo(line)
	if err == nil {
		w.steps = append(w.steps, u)
	}
	return err
}

// undo does all steps, the last one first. An error does not keep it from doing the others.
func (w *ward) undo() error {
	var errs []error
	for _, u := range slices.Backward(w.steps) {
		if err := u.run(); err != nil && !isGone(err) {
			errs = append(errs, fmt.Errorf("%s %s: %w", u.Op, u.Name, err))
		}
	}
	w.steps = nil
	if w.namespace >= 0 {
		errs = append(errs, endProcesses(w.namespace))
	}
	return errors.Join(errs...)
}

// isGone reports whether err says that there is nothing to undo, any more.
func isGone(err error) bool {
	_, noLink := errors.AsType[netlink.LinkNotFoundError](err)
	return noLink || errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) ||
		errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EADDRNOTAVAIL)
}

func (u Undo) run() error {
	switch u.Op {
	case undoLink:
		return u.deleteLink()
	case undoAddress:
		return u.deleteAddress()
	case undoRoute:
		return u.deleteRoute()
	case undoRule:
		return u.deleteRule()
	case undoTable:
		return u.deleteTable()
	case undoSysctl:
		return os.WriteFile(filepath.Join("/proc/sys", u.Name), []byte(u.Value), 0)
	case undoProcess:
		return u.killProcess()
	case undoFile:
		return u.removeFile()
	}
	return nil
}

func (u Undo) deleteLink() error {
	link, err := netlink.LinkByName(u.Name)
	if err != nil {
		return err
	}
	if u.Index != 0 && u.Index != link.Attrs().Index {
		return nil
	}
	return netlink.LinkDel(link)
}

func (u Undo) deleteAddress() error {
	link, err := netlink.LinkByName(u.Name)
	if err != nil {
		return err
	}
	return netlink.AddrDel(link, &netlink.Addr{IPNet: ipNet(u.Prefix)})
}

func (u Undo) deleteRoute() error {
	link, err := netlink.LinkByName(u.Name)
	if err != nil {
		return err
	}
	r := &netlink.Route{
		LinkIndex: link.Attrs().Index,
		Dst:       ipNet(u.Prefix),
		Gw:        u.Gateway.AsSlice(),
		Table:     u.Table,
		Scope:     netlink.SCOPE_NOWHERE, // any
	}
	return netlink.RouteDel(r)
}

func (u Undo) deleteRule() error {
	r := netlink.NewRule()
	r.Family, r.Priority, r.Table = u.Family, u.Order, u.Table
	return netlink.RuleDel(r)
}

func (u Undo) deleteTable() error {
	conn, err := nftables.New()
	if err != nil {
		return err
	}
	conn.DelTable(&nftables.Table{Family: nftables.TableFamily(u.Family), Name: u.Name})
	return conn.Flush()
}

func (u Undo) killProcess() error {
	fd, err := unix.PidfdOpen(u.PID, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if start, err := startTime(u.PID); err != nil || start != u.Start {
		return err // another process has got the id
	}
	return killAndWait(fd)
}

func (u Undo) removeFile() error {
	if u.Inode != 0 {
		if inode, err := inodeOf(u.Name); err != nil || inode != u.Inode {
			return err
		}
	}
	return os.Remove(u.Name)
}

// inodeOf returns the number of a file, or of a link itself.
func inodeOf(path string) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return 0, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return st.Ino, nil
}

// startTime returns when a process started, in clock ticks since boot.
func startTime(pid int) (uint64, error) {
	fields, err := statFields(pid)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(fields[21], 10, 64)
}

// statFields returns the fields of /proc/PID/stat as proc(5) numbers them, less one.
func statFields(pid int) ([]string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')') // the name may hold anything, even these
	fields := []string{strconv.Itoa(pid), string(b[open+1 : end])}
	for _, f := range bytes.Fields(b[end+1:]) {
		fields = append(fields, string(f))
	}
	if len(fields) < 22 {
		return nil, fmt.Errorf("netlab: /proc/%d/stat is too short", pid)
	}
	return fields, nil
}
