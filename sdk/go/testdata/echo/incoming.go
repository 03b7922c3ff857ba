package main

import "mytcp/api"

// PeerConnect answers as the others do, or has four goroutines speak at the same time.
func (o *Outgoing) PeerConnect(conn api.Conn, segment []byte) {
	if string(segment) != "threads" {
		o.driver.PeerConnected(conn)
		o.driver.AppRecv(conn, append([]byte("peer_connect "), segment...))
		return
	}
	for i := 0; i < 4; i++ {
		go func() {
			for n := 0; n < 100; n++ {
				o.driver.PeerConnected(conn)
			}
		}()
	}
}
