package main

import (
	"github.com/antedon-net/antedon/sdk/go/api"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// PeerConnect answers a SYN.
func (o *outgoing) PeerConnect(name api.Conn, b []byte) {
	header, payload, err := wire.ParseTCP(b)
	local, okLocal := addrPort(name.Src)
	remote, okRemote := addrPort(name.Dst)
	if err != nil || !okLocal || !okRemote || !isIntact(name, b) {
		o.driver.ReleaseConnection(name)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if old := o.conns[name]; old != nil {
		old.Abort(o.clock.now())
		o.forget(old)
	}
	now := o.clock.now()
	seg := tcp.Segment{Header: header, Payload: payload}
	accepted, _ := tcp.Accept(&o.env, &o.config, now, tcp.ID{Local: local, Remote: remote}, mtu, &seg)
	if accepted == nil { // it is no SYN that anybody could answer
		o.refuse(name, &seg)
		o.driver.ReleaseConnection(name)
		return
	}
	c := &conn{name: name, Conn: accepted, called: true}
	c.timer.Owner = c
	o.conns[name] = c
	o.settle(now, c)
}
