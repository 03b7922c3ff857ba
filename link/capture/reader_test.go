package capture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"
)

// record is a packet read back from a file.
type record struct {
	iface     int
	time      time.Time
	data      string
	length    int
	flags     uint32
	comment   string
	ifaceName string
}

// file is what a strict reader of its own finds in a capture.
type file struct {
	application string
	interfaces  []string
	snapLen     []int
	records     []record
}

// readFile reads a capture of one section. Whatever a Writer would not write is an error.
func readFile(b []byte) (*file, error) {
	f := new(file)
	le := binary.LittleEndian
	for at := 0; at < len(b); {
		rest := b[at:]
		if len(rest) < 12 {
			return f, fmt.Errorf("%d: %d bytes left", at, len(rest))
		}
		typ, n := le.Uint32(rest), int(le.Uint32(rest[4:]))
		if n < 12 || n%4 != 0 || n > len(rest) || int(le.Uint32(rest[n-4:])) != n {
			return f, fmt.Errorf("%d: block of type %#x with length %d", at, typ, n)
		}
		if (typ == 0x0a0d0d0a) != (at == 0) {
			return f, fmt.Errorf("%d: block of type %#x", at, typ)
		}
		if err := f.block(typ, rest[8:n-4]); err != nil {
			return f, fmt.Errorf("%d: %w", at, err)
		}
		at += n
	}
	return f, nil
}

func (f *file) block(typ uint32, body []byte) error {
	switch typ {
	case 0x0a0d0d0a:
		if !bytes.HasPrefix(body, []byte("\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff")) {
			return fmt.Errorf("section header %x", body)
		}
		options, err := readOptions(body[16:])
		f.application = options[4]
		return err
	case 1:
		return f.iface(body)
	case 6:
		return f.packet(body)
	}
	return fmt.Errorf("block type %#x", typ)
}

func (f *file) iface(body []byte) error {
	le := binary.LittleEndian
	if le.Uint32(body) != 101 {
		return fmt.Errorf("link type %d", le.Uint32(body))
	}
	options, err := readOptions(body[8:])
	if options[9] != "\x09" {
		return fmt.Errorf("time resolution %q", options[9])
	}
	f.interfaces = append(f.interfaces, options[2])
	f.snapLen = append(f.snapLen, int(le.Uint32(body[4:])))
	return err
}

func (f *file) packet(body []byte) error {
	le := binary.LittleEndian
	r := record{
		iface:  int(le.Uint32(body)),
		time:   time.Unix(0, int64(le.Uint32(body[4:]))<<32|int64(le.Uint32(body[8:]))),
		length: int(le.Uint32(body[16:])),
	}
	n := int(le.Uint32(body[12:]))
	padded := (n + 3) &^ 3
	if 20+padded > len(body) || r.iface >= len(f.interfaces) {
		return fmt.Errorf("packet of %d bytes in a block of %d, on interface %d", n, len(body), r.iface)
	}
	r.ifaceName = f.interfaces[r.iface]
	r.data = string(body[20 : 20+n])
	options, err := readOptions(body[20+padded:])
	r.comment = options[1]
	if v, ok := options[2]; ok {
		r.flags = le.Uint32([]byte(v))
	}
	f.records = append(f.records, r)
	return err
}

// readOptions reads a list of options that ends with opt_endofopt, if it is not empty.
func readOptions(b []byte) (map[uint16]string, error) {
	options := make(map[uint16]string)
	for len(b) >= 4 {
		code, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if code == 0 {
			if n != 0 || len(b) != 4 {
				return options, fmt.Errorf("end of options with %x behind", b)
			}
			return options, nil
		}
		padded := (n + 3) &^ 3
		if 4+padded > len(b) {
			return options, fmt.Errorf("option %d of %d bytes", code, n)
		}
		options[code] = string(b[4 : 4+n])
		b = b[4+padded:]
	}
	if len(b) > 0 || len(options) > 0 {
		return options, fmt.Errorf("options end with %x", b)
	}
	return options, nil
}
