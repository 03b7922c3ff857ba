package lockstep

import (
	"fmt"
	"io"
	"time"

	"github.com/antedon-net/antedon/internal/notation"
	"github.com/antedon-net/antedon/wire"
)

func (p *player) listen() error {
	return p.act(func() error {
		p.note("listen")
		return p.end.listen(p.local(servedPort), p.setup.options)
	})
}

func (p *player) accept() error {
	return p.act(func() (err error) {
		p.note("accept")
		p.socket, err = p.end.accept()
		return err
	})
}

func (p *player) connect() error {
	p.dialled = true
	return p.act(func() (err error) {
		p.note("connect")
		p.socket, err = p.end.connect(p.local(clientPort), p.remote(p.port), p.setup.options)
		return err
	})
}

// endpointPort is the port that the peer of the flow talks to.
func (f *flow) endpointPort() uint16 {
	if f.dialled {
		return clientPort
	}
	return servedPort
}

// openPassive has the peer connect.
func (p *player) openPassive(options string, rtt time.Duration) (err error) {
	if !p.listening {
		if err = p.listen(); err != nil {
			return err
		}
		p.listening = true
	}
	if p.peer, err = notation.Parse(options); err != nil {
		return err
	}
	ask, answer := "<SEQ=0><CTL=SYN>", "<SEQ=0><ACK=1><CTL=SYN,ACK>"
	if p.peer.Ctl != 0 { // it asks for ECN
		ask, answer = "<SEQ=0><CTL=SYN,ECE,CWR>", "<SEQ=0><ACK=1><CTL=SYN,ACK,ECE>"
	}
	if err := p.emit(ask); err != nil {
		return err
	}
	if err := p.expectSYN(answer); err != nil {
		return err
	}
	if err := p.pause(rtt); err != nil {
		return err
	}
	if err := p.emit("<SEQ=1><ACK=1><CTL=ACK>"); err != nil {
		return err
	}
	return p.accept()
}

// openActive has the TCP connect.
func (p *player) openActive(options string, rtt time.Duration) (err error) {
	if p.peer, err = notation.Parse(options); err != nil {
		return err
	}
	if err := p.connect(); err != nil {
		return err
	}
	if err := p.expectSYN("<SEQ=0><CTL=SYN>"); err != nil {
		return err
	}
	if err := p.pause(rtt); err != nil {
		return err
	}
	if err := p.emit("<SEQ=0><ACK=1><CTL=SYN,ACK>"); err != nil {
		return err
	}
	return p.expect(expectation{text: "<SEQ=1><ACK=1><CTL=ACK>", count: 1})
}

func (p *player) expectSYN(text string) error {
	return p.expect(expectation{text: text, count: 1})
}

func (p *player) pause(d time.Duration) error {
	if d == 0 {
		return nil
	}
	return p.sleep(d)
}

func (p *player) write(n int) error {
	b := make([]byte, n)
	notation.Fill(b, p.wrote+1)
	p.wrote += n
	return p.act(func() error {
		p.note("write %d", n)
		return p.socket.write(b)
	})
}

func (p *player) read(n int) error {
	return p.act(func() error {
		p.note("read %d", n)
		b := make([]byte, n)
		got, err := p.socket.read(b)
		if err != nil || got < n {
			return fmt.Errorf("read %d bytes, %v", got, err)
		}
		if i := notation.Mismatch(b, p.got+1); i >= 0 {
			return fmt.Errorf("byte %d is wrong", i)
		}
		p.got += n
		return nil
	})
}

func (p *player) readEnd() error {
	return p.act(func() error {
		p.note("read the end")
		var b [1]byte
		if n, err := p.socket.read(b[:]); err != io.EOF {
			return fmt.Errorf("read %d bytes, %v", n, err)
		}
		return nil
	})
}

func (p *player) checkReadable(want int) error {
	got, err := p.socket.readable()
	if err == nil && got != want {
		err = fmt.Errorf("%d bytes can be read", got)
	}
	return err
}

// reincarnate makes the next connection between the same ports have sequence numbers of its own.
func (p *player) reincarnate(n int) error {
	port, dialled := p.port, p.dialled
	*p.flow = flow{socket: noSocket{}, port: port, dialled: dialled, irs: p.irs + uint32(n), peer: p.peer, next: 1}
	return nil
}

// fillLimit bounds how long the last acknowledgment of fill is waited for.
const fillLimit = time.Second

// fill has the peer send segments of n bytes until the window is full and every byte is acknowledged.
func (p *player) fill(n int) error {
	if err := p.quiet(); err != nil {
		return err
	}
	p.muted = true
	defer func() { p.muted = false }()
	for p.acked < p.next || p.edge > p.next {
		if err := p.fillOn(min(n, p.edge-p.next)); err != nil {
			return err
		}
		p.pace.check(p.end.now())
		p.queue = nil
	}
	p.last = p.end.now()
	p.muted = false
	p.note("the window is full with %d bytes", p.next-1)
	return nil
}

// quick has the peer send n segments of size bytes, each of which is acknowledged at once, and the application read them.
func (p *player) quick(n, size int) error {
	p.muted = true
	defer func() { p.muted = false }()
	for range n {
		if err := p.emit(fmt.Sprintf("<SEQ=NXT><ACK=1><DATA=%d><CTL=ACK>", size)); err != nil {
			return err
		}
		p.next += size
		if err := p.expect(expectation{text: "<SEQ=1><ACK=NXT><CTL=ACK>", count: 1}); err != nil {
			return err
		}
		if err := p.read(size); err != nil {
			return err
		}
		p.pace.check(p.end.now())
	}
	return nil
}

// fillOn sends size bytes, or waits if that is none: the last segments may have been too few to be acknowledged at once.
func (p *player) fillOn(size int) error {
	if size > 0 {
		s := notation.Segment{Seq: p.next, Ack: p.wrote + 1, Data: size, Ctl: wire.ACK, Named: map[string]bool{"DATA": true}}
		p.next += size
		return p.act(func() error { return p.inject(s) })
	}
	p.pace.check(p.end.now())
	if err := p.collect(p.end.wait(fillLimit)); err != nil {
		return err
	}
	if len(p.queue) == 0 {
		return fmt.Errorf("%d of %d bytes are acknowledged", p.acked-1, p.next-1)
	}
	p.pace.resume(p.queue[len(p.queue)-1].at)
	return nil
}
