package netlab

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TestUndoTwice: everything is gone already.
func TestUndoTwice(t *testing.T) {
	ns := newNamespace(t)
	w := ward{namespace: -1, steps: []Undo{
		DeleteLink("v0", 3),
		DeleteAddress("lo", netip.MustParsePrefix("10.9.0.1/24")),
		DeleteAddress("lo", netip.MustParsePrefix("fd09::1/64")),
		DeleteRoute(netip.MustParsePrefix("10.10.0.0/16"), netip.Addr{}, "lo", 0),
		DeleteRoute(netip.MustParsePrefix("fd10::/64"), netip.Addr{}, "lo", 77),
		DeleteRule(unix.AF_INET, 100, 77),
		DeleteTable(unix.NFPROTO_IPV4, "antedon"),
		RemoveFile("/nonexistent/file"),
		{Op: undoProcess, PID: 1 << 22, Start: 1},
	}}
	for _, u := range w.steps {
		if err := u.check(); err != nil {
			t.Error(err)
		}
	}
	if err := ns.Do(w.undo); err != nil {
		t.Error(err)
	}
}

func TestUndoSparesOthers(t *testing.T) {
	ns := newNamespace(t)
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	kill, err := KillProcess(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	recycled := kill
	recycled.Start--
	err = ns.Do(func() error {
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "v0"}, PeerName: "v1"}); err != nil {
			return err
		}
		if err := firstError(recycled.run(), DeleteLink("v0", 1000).run()); err != nil {
			return err
		}
		_, err := netlink.LinkByName("v0")
		return err
	})
	if err != nil {
		t.Error(err)
	}
	fd := openProcess(t, fmt.Sprint(cmd.Process.Pid))
	if ended(fd, 0) {
		t.Error("another process with the same id was killed")
	}
	if err := kill.run(); err != nil || !ended(fd, 0) {
		t.Errorf("the process was not killed: %v", err)
	}
}

func TestUndoCheck(t *testing.T) {
	prefix := netip.MustParsePrefix("10.0.0.0/8")
	for _, u := range []Undo{
		{},
		{Op: "rm -rf"},
		DeleteLink("", 0),
		DeleteLink("../../etc", 1),
		DeleteLink("a b", 1),
		DeleteLink("sixteen-letters-", 1),
		DeleteLink("eth0", -1),
		DeleteAddress("lo", netip.Prefix{}),
		DeleteRoute(netip.MustParsePrefix("10.0.0.1/8"), netip.Addr{}, "lo", 0),
		DeleteRoute(prefix, netip.Addr{}, "", 0),
		DeleteRule(unix.AF_INET, 0, 254),
		DeleteRule(unix.AF_INET, 32766, 254),
		DeleteRule(unix.AF_UNIX, 100, 77),
		DeleteTable(1000, "x"),
		DeleteTable(2, ""),
		{Op: undoSysctl, Name: "kernel/core_pattern", Value: "|/bin/sh"},
		{Op: undoSysctl, Name: "net/../kernel/core_pattern"},
		{Op: undoProcess, PID: 1, Start: 1},
		{Op: undoProcess, PID: -1, Start: 1},
		{Op: undoProcess, PID: 100},
		RemoveFile("relative"),
		RemoveFile("/"),
		RemoveFile("/tmp/../etc/passwd"),
	} {
		line, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseUndo(line); err == nil {
			t.Errorf("%s is accepted", line)
		}
	}
	if _, err := parseUndo([]byte(`{"op":"delete link","name":"lo","shell":"rm"}`)); err == nil {
		t.Error("an unknown field is accepted")
	}
	want := DeleteRoute(prefix, netip.MustParseAddr("10.0.0.1"), "lo", 7)
	if got, err := parseUndo([]byte(want.String())); err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
