package rtnl

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// message is a netlink request under construction.
type message struct{ b []byte }

// newMessage begins a request with the fixed part that follows the netlink header.
func newMessage(typ, flags uint16, fixed []byte) *message {
	b := make([]byte, unix.NLMSG_HDRLEN, 256)
	ne.PutUint16(b[4:], typ)
	ne.PutUint16(b[6:], flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	return &message{append(b, fixed...)}
}

func (m *message) attr(typ uint16, v []byte) {
	m.b = ne.AppendUint16(m.b, uint16(unix.SizeofRtAttr+len(v)))
	m.b = ne.AppendUint16(m.b, typ)
	m.b = append(m.b, v...)
	m.b = append(m.b, make([]byte, align(len(v))-len(v))...)
}

func (m *message) attrUint32(typ uint16, v uint32) { m.attr(typ, ne.AppendUint32(nil, v)) }

func (m *message) attrString(typ uint16, s string) { m.attr(typ, append([]byte(s), 0)) }

// nest adds the attributes that fill adds as the content of one.
func (m *message) nest(typ uint16, fill func()) {
	start := len(m.b)
	m.attr(typ|unix.NLA_F_NESTED, nil)
	fill()
	ne.PutUint16(m.b[start:], uint16(len(m.b)-start))
}

func (m *message) finish(seq uint32) []byte {
	ne.PutUint32(m.b, uint32(len(m.b)))
	ne.PutUint32(m.b[8:], seq)
	return m.b
}

// eachAttr calls fn for every attribute in b.
func eachAttr(b []byte, fn func(typ uint16, v []byte)) {
	for len(b) >= unix.SizeofRtAttr {
		n := int(ne.Uint16(b))
		if n < unix.SizeofRtAttr || n > len(b) {
			return
		}
		fn(ne.Uint16(b[2:])&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER), b[unix.SizeofRtAttr:n])
		b = b[min(align(n), len(b)):]
	}
}

func align(n int) int { return (n + 3) &^ 3 }

func cString(b []byte) string {
	s, _, _ := bytes.Cut(b, []byte{0})
	return string(s)
}
