package capture

import "encoding/binary"

// Every block begins with its type and its length and ends with its length again (Section 3.1 of the draft):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                          Block Type                           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                      Block Total Length                       |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	/           Block Body, variable length, padded to 32 bits      /
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                      Block Total Length                       |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 6 // Enhanced Packet Block

	byteOrderMagic = 0x1a2b3c4d
	linkTypeRaw    = 101 // the packet begins with its IPv4 or IPv6 header

	optEnd         = 0
	optComment     = 1
	optApplication = 4 // of a section
	optName        = 2 // of an interface
	optResolution  = 9 // of an interface
	optFlags       = 2 // of a packet

	nanoseconds = 9 // 10^-9 s

	// blockRoom is more than a block takes beside its packet and its strings.
	blockRoom = 128

	maxOption = 0xffff
)

var le = binary.LittleEndian

// beginBlock appends a block's first fields; endBlock, given where that was, the last one.
func beginBlock(b []byte, typ uint32) []byte {
	return le.AppendUint32(le.AppendUint32(b, typ), 0)
}

func endBlock(b []byte, start int) []byte {
	n := uint32(len(b) - start + 4)
	le.PutUint32(b[start+4:], n)
	return le.AppendUint32(b, n)
}

func appendOption(b []byte, code uint16, v string) []byte {
	b = le.AppendUint16(b, code)
	b = le.AppendUint16(b, uint16(len(v)))
	return pad(append(b, v...), len(v))
}

// pad appends what n bytes lack to a multiple of 4.
func pad(b []byte, n int) []byte { return append(b, "\x00\x00\x00"[:-n&3]...) }

func appendSection(b []byte, application string) []byte {
	start := len(b)
	b = beginBlock(b, blockSection)
	b = le.AppendUint32(b, byteOrderMagic)
	b = le.AppendUint16(b, 1) // version 1.0
	b = le.AppendUint16(b, 0)
	b = le.AppendUint64(b, 1<<64-1) // the section's length is not known
	b = appendOption(b, optApplication, application)
	b = appendOption(b, optEnd, "")
	return endBlock(b, start)
}

func appendInterface(b []byte, name string, snapLen int) []byte {
	start := len(b)
	b = beginBlock(b, blockInterface)
	b = le.AppendUint16(b, linkTypeRaw)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint32(b, uint32(snapLen))
	b = appendOption(b, optName, name)
	b = appendOption(b, optResolution, string(rune(nanoseconds)))
	b = appendOption(b, optEnd, "")
	return endBlock(b, start)
}

// appendPacketHead appends what stands before the bytes of a packet.
func appendPacketHead(b []byte, info *Info) []byte {
	b = beginBlock(b, blockPacket)
	t := uint64(info.Time.UnixNano())
	b = le.AppendUint32(b, uint32(info.Interface))
	b = le.AppendUint32(b, uint32(t>>32))
	b = le.AppendUint32(b, uint32(t))
	return le.AppendUint64(b, 0) // captured and original length
}

// appendPacketTail completes the block that begins at start, of which n bytes of a packet of total are the last.
func appendPacketTail(b []byte, info *Info, start, n, total int) []byte {
	le.PutUint32(b[start+20:], uint32(n))
	le.PutUint32(b[start+24:], uint32(total))
	b = pad(b, n)
	if info.Comment != "" {
		b = appendOption(b, optComment, truncate(info.Comment, maxOption))
	}
	if info.Direction != Unknown {
		b = appendOption(b, optFlags, string([]byte{byte(info.Direction), 0, 0, 0}))
	}
	if info.Comment != "" || info.Direction != Unknown {
		b = appendOption(b, optEnd, "")
	}
	return endBlock(b, start)
}
