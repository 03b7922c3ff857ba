package netlab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// An Undo is one step of undoing, as plain data for a Guard. To undo what is undone already is no error.
type Undo struct {
	Op      undoOp       `json:"op"`
	Name    string       `json:"name,omitempty"`  // of the link, table, sysctl or file
	Value   string       `json:"value,omitempty"` // of the sysctl
	Index   int          `json:"index,omitempty"` // of the link, 0 if not known
	Prefix  netip.Prefix `json:"prefix,omitzero"` // address or destination
	Gateway netip.Addr   `json:"gateway,omitzero"`
	Family  int          `json:"family,omitempty"`   // of the rule or nftables table
	Table   int          `json:"table,omitempty"`    // of the route or rule
	Order   int          `json:"priority,omitempty"` // of the rule
	PID     int          `json:"pid,omitempty"`
	Start   uint64       `json:"start,omitempty"` // of the process, in clock ticks since boot
	Inode   uint64       `json:"inode,omitempty"` // of the file, 0 if any will do
}

// maxTableName is the size of the name of an nftables table, NFT_TABLE_MAXNAMELEN.
const maxTableName = 256

type undoOp string

const (
	undoLink    undoOp = "delete link"
	undoAddress undoOp = "delete address"
	undoRoute   undoOp = "delete route"
	undoRule    undoOp = "delete rule"
	undoTable   undoOp = "delete table"
	undoSysctl  undoOp = "restore sysctl"
	undoProcess undoOp = "kill process"
	undoFile    undoOp = "remove file"
)

// DeleteLink deletes a link. With an index it spares a link of that name that is another one; 0 is for a link that is
// yet to be made and whose name cannot be anybody else's.
func DeleteLink(name string, index int) Undo { return Undo{Op: undoLink, Name: name, Index: index} }

// DeleteAddress takes an address from a link.
func DeleteAddress(link string, p netip.Prefix) Undo {
	return Undo{Op: undoAddress, Name: link, Prefix: p}
}

// DeleteRoute deletes the route to dst over gateway, if that is valid, and link. Table 0 is the main one.
func DeleteRoute(dst netip.Prefix, gateway netip.Addr, link string, table int) Undo {
	return Undo{Op: undoRoute, Prefix: dst, Gateway: gateway, Name: link, Table: table}
}

// DeleteRule deletes the policy routing rule of family AF_INET or AF_INET6 with that priority that leads to table.
func DeleteRule(family, priority, table int) Undo {
	return Undo{Op: undoRule, Family: family, Order: priority, Table: table}
}

// DeleteTable deletes the nftables table of that family (NFPROTO_IPV4, NFPROTO_INET, ...) with all that is in it.
func DeleteTable(family int, name string) Undo {
	return Undo{Op: undoTable, Family: family, Name: name}
}

// RestoreSysctl sets a sysctl to the value it has now. Its name is a path below /proc/sys: "net/ipv4/ip_forward".
func RestoreSysctl(name string) (Undo, error) {
	u := Undo{Op: undoSysctl, Name: name}
	if err := u.check(); err != nil {
		return Undo{}, err
	}
	b, err := os.ReadFile(filepath.Join("/proc/sys", name))
	u.Value = strings.TrimSpace(string(b))
	return u, err
}

// Sysctl returns the name of the sysctl that u restores, if it does nothing but that.
func (u Undo) Sysctl() (name string, ok bool) {
	return u.Name, u == Undo{Op: undoSysctl, Name: u.Name, Value: u.Value}
}

// KillProcess kills the process that has this id now, and no other that may get the id later.
func KillProcess(pid int) (Undo, error) {
	start, err := startTime(pid)
	return Undo{Op: undoProcess, PID: pid, Start: start}, err
}

// RemoveFile removes a file, socket or empty directory, named by its full path.
func RemoveFile(path string) Undo { return Undo{Op: undoFile, Name: path} }

// RemoveThis removes what is at path now, and nothing that may be there later.
func RemoveThis(path string) (Undo, error) {
	inode, err := inodeOf(path)
	return Undo{Op: undoFile, Name: path, Inode: inode}, err
}

// UndoAll undoes steps, which may have been stored meanwhile, in reverse order and in the namespaces of the calling
// thread. It does nothing if one of them is not what the functions of this package make. An error does not keep it from
// undoing the others.
func UndoAll(steps []Undo) error {
	for _, u := range steps {
		if err := u.check(); err != nil {
			return err
		}
	}
	return (&ward{steps: steps, namespace: -1}).undo()
}

func (u Undo) String() string {
	b, _ := json.Marshal(u)
	return string(b)
}

// parseUndo reads a step and checks it.
func parseUndo(line []byte) (Undo, error) {
	var u Undo
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&u); err != nil {
		return Undo{}, fmt.Errorf("netlab: undo: %w", err)
	}
	return u, u.check()
}

// check makes sure that a step is nothing but what the functions above make.
func (u Undo) check() error {
	bad := func(what string) error { return fmt.Errorf("netlab: %s: bad %s in %s", u.Op, what, u) }
	switch u.Op {
	case undoLink:
		return u.checkLink(u.Index >= 0, bad)
	case undoAddress:
		return u.checkLink(u.Prefix.IsValid(), bad)
	case undoRoute:
		return u.checkLink(u.Prefix.IsValid() && u.Prefix == u.Prefix.Masked() && u.Table >= 0, bad)
	case undoRule:
		if u.Family != unix.AF_INET && u.Family != unix.AF_INET6 || u.Order <= 0 || u.Order >= 32766 || u.Table <= 0 {
			return bad("rule") // priorities 0, 32766 and 32767 are the kernel's own
		}
	case undoTable:
		if u.Family < 0 || u.Family > 255 || !isName(u.Name, maxTableName) {
			return bad("table")
		}
	case undoSysctl:
		if !fs.ValidPath(u.Name) || !strings.HasPrefix(u.Name, "net/") || strings.Contains(u.Value, "\n") {
			return bad("sysctl")
		}
	case undoProcess:
		if u.PID <= 1 || u.Start == 0 {
			return bad("process")
		}
	case undoFile:
		if !filepath.IsAbs(u.Name) || filepath.Clean(u.Name) != u.Name || u.Name == "/" {
			return bad("path")
		}
	default:
		return errors.New("netlab: no such undo step")
	}
	return nil
}

func (u Undo) checkLink(rest bool, bad func(string) error) error {
	if !isName(u.Name, unix.IFNAMSIZ) {
		return bad("link name")
	}
	if !rest {
		return bad("value")
	}
	return nil
}

// isName reports whether the kernel would take s as the name of something, in size bytes with a final zero.
func isName(s string, size int) bool {
	return s != "" && s != "." && s != ".." && len(s) < size &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '/' || r == ':' || r == 0x7f })
}
