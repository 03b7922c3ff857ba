package api

import (
	"errors"
	"fmt"
	"math"
)

// The flags say what a datagram means. Some mean one thing towards the SDK and another towards the driver.
const (
	flagData    = 0x00 // AppSend, AppRecv
	flagFin     = 0x01 // AppFin, AppPeerFin
	flagConnect = 0x02 // AppConnect, AppConnected
	flagRst     = 0x04 // AppRst, AppPeerRst
	flagSegment = 0x40 // TcpRx, TcpTx
	flagRelease = 0x80 // ReleaseConnection
	flagHello   = 0xa0

	// flagPeer is for a session in which both sides have named the extension "incoming".
	flagPeer = 0x12 // PeerConnect, PeerConnected
)

// extensionIncoming is what a hello names if its TCP can be called.
const extensionIncoming = "incoming"

// hello is the first datagram of a session.
var hello = datagram{
	conn:  Conn{Src: Endpoint{"127.84.0.1", 8484}},
	bytes: []byte("network_exp4"),
	flags: flagHello,
}

// datagram is what the driver and its SDK say to each other:
//
//	{ "conn": { "src": {"ip": string, "port": int}, "dst": {"ip": string, "port": int} }, "bytes": binary, "flags": int }
//
// A hello may have a further key, "extensions": an array of strings, what its sender knows beyond version 1.
type datagram struct {
	conn       Conn
	bytes      []byte
	flags      int
	extensions []string
}

// appendTo appends the datagram in BSON to b.
func (d *datagram) appendTo(b []byte) []byte {
	b, whole := beginDocument(b)
	b, conn := beginDocument(appendKey(b, bsonDocument, "conn"))
	b = appendEndpoint(b, "src", d.conn.Src)
	b = appendEndpoint(b, "dst", d.conn.Dst)
	b = endDocument(b, conn)
	b = appendBinary(b, "bytes", d.bytes)
	b = appendInt(b, "flags", d.flags)
	if len(d.extensions) > 0 {
		b = appendStrings(b, "extensions", d.extensions)
	}
	return endDocument(b, whole)
}

func appendEndpoint(b []byte, key string, e Endpoint) []byte {
	b, start := beginDocument(appendKey(b, bsonDocument, key))
	b = appendString(b, "ip", e.IP)
	b = appendInt(b, "port", e.Port)
	return endDocument(b, start)
}

var errMissing = errors.New("something is missing")

// parseDatagram reads a datagram. Its bytes lie in b. The order of the keys is free, and others than those we know are
// passed over.
func parseDatagram(b []byte) (datagram, error) {
	var d datagram
	var hasConn, hasBytes, hasFlags bool
	err := elements(b, func(key string, v value) (err error) {
		switch key {
		case "conn":
			hasConn = true
			d.conn, err = parseConn(v)
		case "bytes":
			hasBytes = true
			d.bytes, err = v.asBinary()
		case "flags":
			hasFlags = true
			d.flags, err = v.intWithin(math.MaxInt32)
		case "extensions":
			d.extensions = v.strings()
		}
		return err
	})
	if err == nil && !(hasConn && hasBytes && hasFlags) {
		err = errMissing
	}
	return d, err
}

func parseConn(v value) (Conn, error) {
	var c Conn
	var hasSrc, hasDst bool
	doc, err := v.asDocument()
	if err != nil {
		return c, err
	}
	err = elements(doc, func(key string, v value) (err error) {
		switch key {
		case "src":
			hasSrc = true
			c.Src, err = parseEndpoint(v)
		case "dst":
			hasDst = true
			c.Dst, err = parseEndpoint(v)
		}
		return err
	})
	if err == nil && !(hasSrc && hasDst) {
		err = errMissing
	}
	return c, err
}

func parseEndpoint(v value) (Endpoint, error) {
	var e Endpoint
	var hasIP, hasPort bool
	doc, err := v.asDocument()
	if err != nil {
		return e, err
	}
	err = elements(doc, func(key string, v value) (err error) {
		switch key {
		case "ip":
			hasIP = true
			e.IP, err = v.asString()
		case "port":
			hasPort = true
			e.Port, err = v.intWithin(math.MaxUint16)
		}
		return err
	})
	if err == nil && !(hasIP && hasPort) {
		err = errMissing
	}
	return e, err
}

func (v value) intWithin(most int64) (int, error) {
	n, err := v.asInt()
	if err == nil && (n < 0 || n > most) {
		err = fmt.Errorf("%d is out of range", n)
	}
	return int(n), err
}
