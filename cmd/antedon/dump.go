package main

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/tun"
	"github.com/antedon-net/antedon/wire"
)

// dump is the command of that name.
type dump struct {
	stackFlags
	hex, pi bool
	count   int
}

func newDump() *cobra.Command {
	d := new(dump)
	cmd := &cobra.Command{
		Use:   "dump",
		Short: "Print the packets that arrive on a TUN device",
		Long: "Print the packets that the kernel sends to a TUN device, a line each, and answer none. --pi shows, before each, the\n" +
			"header that the kernel adds unless a device is opened with IFF_NO_PI: two bytes of flags and two of EtherType.",
		Example: "  antedon dump --tun tun0\n  antedon dump --tun tun0 --pi -x -c 3",
		Args:    positional(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if d.count < 0 {
				return usagef("-c %d: want a number of packets", d.count)
			}
			return d.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&d.hex, "hex", "x", false, "print the bytes too")
	fs.IntVarP(&d.count, "count", "c", 0, "end after `N` packets (default: with a signal)")
	fs.BoolVar(&d.pi, "pi", false, "show the packet-information header")
	d.registerLink(cmd)
	return cmd
}

func (d *dump) run(ctx context.Context, out, stderr io.Writer) error {
	if err := d.check(); err != nil {
		return err
	}
	raw, _, err := d.openTUN(tun.Config{NoOffload: true, PacketInfo: d.pi})
	if err != nil {
		return err
	}
	s := new(session)
	dev, err := d.wrap(s, raw)
	if err != nil {
		raw.Close()
		return err
	}
	if d.verbose {
		tell(stderr, "dump: listening on %s", raw.Name())
	}
	stop := context.AfterFunc(ctx, func() { dev.Close() })
	err = d.print(out, dev.Queues()[0])
	if !stop() || errors.Is(err, net.ErrClosed) && ctx.Err() != nil {
		err = nil // a signal is the way to end it
	}
	err = errors.Join(err, dev.Close())
	if s.pcap != nil {
		err = errors.Join(err, s.pcap.Close())
	}
	return err
}

// print prints packets until there have been enough, or until the device is closed.
func (d *dump) print(out io.Writer, q link.Queue) error {
	pkts := make([]link.Packet, 64)
	for i := range pkts {
		pkts[i].Buf = make([]byte, link.ReadRoom)
	}
	for seen := 0; ; {
		n, err := q.Read(pkts)
		if err != nil {
			return err
		}
		now := time.Now()
		for i := range pkts[:n] {
			if err := d.printPacket(out, now, &pkts[i]); err != nil {
				return err
			}
			if seen++; seen == d.count {
				return nil
			}
		}
	}
}

func (d *dump) printPacket(out io.Writer, now time.Time, p *link.Packet) error {
	line := now.AppendFormat(nil, "15:04:05.000000 ")
	if d.pi {
		line = appendPI(line, p)
	}
	line = append(wire.AppendFormat(line, p.Bytes), '\n')
	if d.hex {
		line = append(line, hex.Dump(p.Bytes)...)
	}
	_, err := out.Write(line)
	return err
}

// appendPI appends the packet-information header in words. It stands in the buffer before the packet: struct tun_pi of
// linux/if_tun.h.
func appendPI(line []byte, p *link.Packet) []byte {
	pi := p.Buf[:cap(p.Buf)-cap(p.Bytes)]
	if len(pi) != 4 {
		return fmt.Appendf(line, "pi % x ", pi)
	}
	return fmt.Appendf(line, "pi flags 0x%04x proto 0x%04x ", binary.NativeEndian.Uint16(pi), binary.BigEndian.Uint16(pi[2:]))
}
