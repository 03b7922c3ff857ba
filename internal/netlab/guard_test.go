package netlab

import (
	"bufio"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func TestGuardOfKilledProcess(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), partVar+"=victim")
	testKill(t, cmd, cmd.Start)
}

// testKill starts a victim, kills it and looks whether anything of it survives.
func testKill(t *testing.T, cmd *exec.Cmd, start func() error) {
	before := snapshot(t, nil)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line := func() string {
		s, err := lines.ReadString('\n')
		if err != nil {
			msg, _ := io.ReadAll(stderr)
			t.Fatalf("victim: %v\n%s", err, msg)
		}
		return strings.TrimSpace(s)
	}
	children := []int{openProcess(t, line()), openProcess(t, line()), openProcess(t, line()), openProcess(t, line())}
	file := line()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, c := range children {
		waitEnd(t, c)
	}
	// The guards hold standard error until they have done everything.
	if msg, err := io.ReadAll(stderr); err != nil || len(msg) > 0 {
		t.Errorf("the guards say: %s, %v", msg, err)
	}
	cmd.Wait()
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", file, err)
	}
	eventually(t, "a snapshot differs:\n"+Diff(before, snapshot(t, nil)), func() bool { return snapshot(t, nil) == before })
}

func TestGuardUndoesTheNetwork(t *testing.T) {
	ns := newNamespace(t)
	before := snapshot(t, ns)
	var guard *Guard
	err := ns.Do(func() (err error) {
		guard, err = NewGuard()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	during := ""
	err = ns.Do(func() (err error) {
		if err := changeEverything(guard); err != nil {
			return err
		}
		during, err = Snapshot()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"link", "address 10.9.0.1/24", "fd09::/64", "table 77", "10.10.0.0/16 via 10.9.0.2", "rule of family 2 ",
		"rule of family 10 ", "nftables table 2 antedon", "nftables chain 2 antedon post with 0 rules", "ip_forward 1",
	} {
		if !strings.Contains(Diff(before, during), want) {
			t.Errorf("no %q in the snapshot:\n%s", want, during)
		}
	}
	for range 2 {
		if err := guard.Close(); err != nil {
			t.Error(err)
		}
	}
	if after := snapshot(t, ns); after != before {
		t.Errorf("not as before:\n%s", Diff(before, after))
	}
	if err := guard.Add(RemoveFile("/nonexistent")); err == nil {
		t.Error("a closed guard accepts a step")
	}
}

// changeEverything changes one of everything that a guard can undo.
func changeEverything(guard *Guard) error {
	forward, err := RestoreSysctl("net/ipv4/ip_forward")
	if err != nil {
		return err
	}
	addr, addr6 := netip.MustParsePrefix("10.9.0.1/24"), netip.MustParsePrefix("fd09::1/64")
	dst, dst6, gateway := netip.MustParsePrefix("10.10.0.0/16"), netip.MustParsePrefix("fd10::/64"), netip.MustParseAddr("10.9.0.2")
	for _, u := range []Undo{
		forward, DeleteLink("v0", 0), DeleteAddress("v0", addr), DeleteAddress("v0", addr6),
		DeleteRoute(dst, gateway, "v0", 0), DeleteRoute(dst6, netip.Addr{}, "v0", 77),
		DeleteRule(unix.AF_INET, 100, 77), DeleteRule(unix.AF_INET6, 100, 77), DeleteTable(unix.NFPROTO_IPV4, "antedon"),
	} {
		if err := guard.Add(u); err != nil {
			return err
		}
	}
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "v0"}, PeerName: "v1"}
	if err := firstError(netlink.LinkAdd(veth), setUp(veth, &Options{MTU: 1500, Kernel: []netip.Prefix{addr, addr6}})); err != nil {
		return err
	}
	rule4, rule6 := netlink.NewRule(), netlink.NewRule()
	rule4.Family, rule4.Priority, rule4.Table = unix.AF_INET, 100, 77
	rule6.Family, rule6.Priority, rule6.Table = unix.AF_INET6, 100, 77
	conn, err := nftables.New()
	if err != nil {
		return err
	}
	table := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "antedon"})
	conn.AddChain(&nftables.Chain{Name: "post", Table: table})
	return firstError(
		os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0),
		netlink.RouteAdd(&netlink.Route{LinkIndex: veth.Attrs().Index, Dst: ipNet(dst), Gw: gateway.AsSlice()}),
		netlink.RouteAdd(&netlink.Route{LinkIndex: veth.Attrs().Index, Dst: ipNet(dst6), Table: 77}),
		netlink.RuleAdd(rule4),
		netlink.RuleAdd(rule6),
		conn.Flush(),
	)
}

func TestGuardRefuses(t *testing.T) {
	guard, err := NewGuard()
	if err != nil {
		t.Fatal(err)
	}
	defer guard.Close()
	if err := guard.Add(RemoveFile("relative")); err == nil || !strings.Contains(err.Error(), "bad path") {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := guard.Add(RemoveFile(file)); err != nil { // it still works
		t.Fatal(err)
	}
	// It is deaf to what a terminal or an impatient user may send.
	for _, sig := range []os.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT} {
		if err := guard.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	if err := guard.Add(RemoveFile(file)); err != nil {
		t.Fatal(err)
	}
	if err := guard.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", file, err)
	}
}

func TestGuardRelease(t *testing.T) {
	ns := newNamespace(t)
	before := snapshot(t, ns)
	err := ns.Do(func() error {
		guard, err := NewGuard()
		if err != nil {
			return err
		}
		if err := guard.Add(DeleteLink("v0", 0)); err != nil {
			return err
		}
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "v0"}, PeerName: "v1"}); err != nil {
			return err
		}
		for range 2 {
			if err := guard.Release(); err != nil {
				return err
			}
		}
		if _, err := netlink.LinkByName("v0"); err != nil {
			t.Errorf("the guard has undone what was to stay: %v", err)
		}
		return UndoAll([]Undo{DeleteLink("v0", 0), DeleteLink("v0", 0)})
	})
	if err != nil {
		t.Fatal(err)
	}
	if after := snapshot(t, ns); after != before {
		t.Errorf("not as before:\n%s", Diff(before, after))
	}
	if err := UndoAll([]Undo{{Op: "rm -rf"}}); err == nil {
		t.Error("an unknown step is accepted")
	}
}
