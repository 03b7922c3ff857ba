package tundev

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
)

const sysctls = "/proc/sys"

// startForwarding has the kernel forward packets.
func (w *work) startForwarding() error {
	v4, v6 := w.families()
	if v4 {
		if err := w.forward("net/ipv4/conf"); err != nil {
			return err
		}
	}
	if v6 {
		return w.forward("net/ipv6/conf")
	}
	return nil
}

// forward turns forwarding on below a directory of sysctls. The switch for all interfaces overwrites those of each,
// which therefore are restored after it.
func (w *work) forward(dir string) error {
	all := dir + "/all/forwarding"
	if readSysctl(all) == "1" {
		return nil
	}
	each, err := filepath.Glob(filepath.Join(sysctls, dir, "*", "forwarding"))
	if err != nil {
		return err
	}
	for _, path := range each {
		name := strings.TrimPrefix(path, sysctls+"/")
		if name != all && readSysctl(name) == "1" {
			if err := w.restore(name); err != nil {
				return err
			}
		}
	}
	if err := w.restore(all); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(sysctls, all), []byte("1"), 0); err != nil {
		return fmt.Errorf("turn on forwarding: %w", err)
	}
	return nil
}

func (w *work) restore(sysctl string) error {
	u, err := netlab.RestoreSysctl(sysctl)
	if err != nil {
		return err
	}
	return w.before(u)
}

func readSysctl(name string) string {
	b, err := os.ReadFile(filepath.Join(sysctls, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// isForwarding reports whether u restores what forward has changed.
func isForwarding(u netlab.Undo) bool {
	name, ok := u.Sysctl()
	part := strings.Split(name, "/")
	return ok && len(part) == 5 && part[0] == "net" && (part[1] == "ipv4" || part[1] == "ipv6") &&
		part[2] == "conf" && part[4] == "forwarding"
}

// tableName is that of the nftables table for a device.
func tableName(device string) string { return "antedon-" + device }

// masquerade gives packets from our end the kernel's address when they leave for the world. The rules are in a table of
// their own, which nobody else touches and which goes as a whole.
func (w *work) masquerade() error {
	if err := w.before(netlab.DeleteTable(unix.NFPROTO_INET, tableName(w.Name))); err != nil {
		return err
	}
	conn, err := nftables.New()
	if err != nil {
		return fmt.Errorf("open nftables: %w", err)
	}
	table := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: tableName(w.Name)})
	chain := conn.AddChain(&nftables.Chain{
		Name: "postrouting", Table: table, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
	})
	for _, p := range w.guests() {
		rule := append(matchSource(p), w.matchOut()...)
		conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: append(rule, &expr.Masq{})})
	}
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("add NAT rules (does this kernel have nf_tables and nft_masq?): %w", err)
	}
	return nil
}

// matchSource matches packets from p: "ip saddr 10.7.0.0/24".
func matchSource(p netip.Prefix) []expr.Any {
	proto, offset, size := byte(unix.NFPROTO_IPV4), uint32(12), uint32(4)
	if p.Addr().Is6() {
		proto, offset, size = unix.NFPROTO_IPV6, 8, 16
	}
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{proto}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: size},
		&expr.Bitwise{
			SourceRegister: 1, DestRegister: 1, Len: size,
			Mask: net.CIDRMask(p.Bits(), int(size)*8), Xor: make([]byte, size),
		},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: p.Masked().Addr().AsSlice()},
	}
}

// matchOut matches the interface that packets leave by: "oifname eth0", or any but the device.
func (w *work) matchOut() []expr.Any {
	op, name := expr.CmpOpEq, w.NAT
	if name == AnyInterface {
		op, name = expr.CmpOpNeq, w.Name
	}
	padded := make([]byte, unix.IFNAMSIZ)
	copy(padded, name)
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyOIFNAME, Register: 1},
		&expr.Cmp{Op: op, Register: 1, Data: padded},
	}
}
