package driver

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"github.com/mdlayher/netlink/nlenc"
	"golang.org/x/sys/unix"
)

// Marks of packets, as the kit has them.
const (
	markCaptured = 84 // of an application, to be routed to us
	markCall     = 85 // between us and the listener of a call, either way
	markOurs     = 86 // sent by the driver
	markCaller   = 87 // of a caller, its port rewritten
)

const (
	tableName    = "antedon-lab"
	routingTable = 84
	rulePriority = 84
	listenPort   = 21184
)

// A Mode says which connections are captured.
type Mode string

// Modes.
const (
	All     Mode = "all"     // every outgoing TCP connection
	Partial Mode = "partial" // those from a source address in PartialPrefix
)

// PartialPrefix are the source addresses that Partial captures.
var PartialPrefix = netip.MustParsePrefix("127.84.0.0/16")

// ruleset holds the nftables table. It is owned by its socket: the kernel removes it when that is closed, in whatever way
// we end, and lets nobody else change or delete it.
type ruleset struct{ conn *nftables.Conn }

// startCapture makes the rules in the network namespace of the calling thread.
func startCapture(cfg *Config) (*ruleset, error) {
	var raw *netlink.Conn
	conn, err := nftables.New(nftables.AsLasting(), nftables.WithSockOptions(func(c *netlink.Conn) error {
		raw = c
		return errors.Join(c.SetReadBuffer(socketBuffer), c.SetWriteBuffer(socketBuffer))
	}))
	if err != nil {
		return nil, fmt.Errorf("open nftables: %w", err)
	}
	c := &ruleset{conn}
	if err := createOwned(raw); err != nil {
		c.close()
		return nil, err
	}
	if err := c.captureCalls(cfg.Incoming); err != nil {
		c.close()
		return nil, err
	}
	if err := c.fill(rules(cfg)); err != nil {
		c.close()
		return nil, fmt.Errorf("add capture rules (does this kernel have nf_tables, nft_ct and nft_tproxy?): %w", err)
	}
	return c, nil
}

// socketBuffer is room for a batch of rules and its acknowledgments.
const socketBuffer = 1 << 20

// createOwned makes the table, with the flag that the nftables package would always write as 0.
func createOwned(conn *netlink.Conn) error {
	attrs, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: unix.NFTA_TABLE_NAME, Data: nlenc.Bytes(tableName)},
		{Type: unix.NFTA_TABLE_FLAGS, Data: []byte{0, 0, 0, nftTableOwner}},
	})
	if err != nil {
		return err
	}
	const newTable = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWTABLE
	batch := []netlink.Message{
		{Header: netlink.Header{Type: unix.NFNL_MSG_BATCH_BEGIN, Flags: netlink.Request}, Data: nfgen(unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES)},
		{Header: netlink.Header{Type: newTable, Flags: netlink.Request | netlink.Acknowledge | netlink.Create | netlink.Excl},
			Data: append(nfgen(unix.NFPROTO_INET, 0), attrs...)},
		{Header: netlink.Header{Type: unix.NFNL_MSG_BATCH_END, Flags: netlink.Request}, Data: nfgen(unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES)},
	}
	if _, err := conn.SendMessages(batch); err != nil {
		return fmt.Errorf("make the nftables table: %w", err)
	}
	if _, err := conn.Receive(); err != nil {
		if errors.Is(err, unix.EEXIST) {
			return errRunning
		}
		return fmt.Errorf("make the nftables table: %w", err)
	}
	return nil
}

// nftTableOwner is NFT_TABLE_F_OWNER.
const nftTableOwner = 0x2

// nfgen is a struct nfgenmsg.
func nfgen(family byte, resource uint16) []byte {
	return []byte{family, unix.NFNETLINK_V0, byte(resource >> 8), byte(resource)}
}

var errRunning = errors.New("a driver is running already: stop it with Ctrl-C or \"antedon lab driver clear\"")

func ourTable() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyINet, Name: tableName}
}

// fill adds the chains and their rules.
func (c *ruleset) fill(chains []chain) error {
	table := ourTable()
	for _, ch := range chains {
		made := c.conn.AddChain(&nftables.Chain{
			Name: ch.name, Table: table, Type: ch.kind, Hooknum: ch.hook, Priority: ch.priority,
		})
		for _, r := range ch.rules {
			c.conn.AddRule(&nftables.Rule{Table: table, Chain: made, Exprs: r.exprs})
		}
	}
	return c.conn.Flush()
}

// close removes everything.
func (c *ruleset) close() error { return c.conn.CloseLasting() }
