package main

import (
	"bytes"

	"mytcp/api"
)

// Outgoing answers every call with one that says what was called.
type Outgoing struct{ driver api.Driver }

func NewOutgoing(driver api.Driver) *Outgoing { return &Outgoing{driver} }

func (o *Outgoing) AppConnect(conn api.Conn) { o.driver.AppRecv(conn, []byte("app_connect")) }

func (o *Outgoing) AppSend(conn api.Conn, data []byte) {
	o.driver.AppRecv(conn, append([]byte("app_send "), data...))
}

func (o *Outgoing) AppFin(conn api.Conn) {
	o.driver.AppPeerFin(conn)
	o.driver.AppPeerRst(conn)
	o.driver.ReleaseConnection(conn)
	o.driver.AppConnected(conn)
}

// AppRst lets four goroutines speak at the same time.
func (o *Outgoing) AppRst(conn api.Conn) {
	for i := 0; i < 4; i++ {
		go func() {
			for j := 0; j < 100; j++ {
				o.driver.AppRecv(conn, bytes.Repeat([]byte("x"), 1000))
			}
		}()
	}
}

func (o *Outgoing) TcpRx(conn api.Conn, segment []byte) { o.driver.TcpTx(conn, segment) }

func (o *Outgoing) Tick() { o.driver.AppRecv(api.Conn{}, []byte("tick")) }
