package sdktest

import (
	"context"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/lab/exp4"
)

// nobodyWillCall is what every main says if the driver does not answer to the extension.
const nobodyWillCall = "the driver knows nothing of incoming connections: nobody will call"

// calledMains are those of the mains whose echo can be called, too. They are built where those are that cannot, and beside them.
var calledMains = []struct {
	name  string
	build []string // in the SDK's directory, if it has to be
	run   []string
}{
	{"go", []string{"go", "build", "-o", "main", "."}, []string{"./main"}},
	{"python", nil, []string{"python3", "-B", "main.py", "tests/echo"}},
	{"cpp", []string{"make", "-j2", "CXXFLAGS=-O1", "OUTGOING=tests/echo"}, []string{"build/tests/echo/main"}},
	{"rust", []string{"sh", "-c", "mkdir -p called && cp -r Cargo.* build.rs src called/ && cp tests/echo/*.rs called/src/ && cd called && cargo build --offline --locked"}, []string{"called/target/debug/antedon-sdk"}},
	{"nodejs", []string{"npm", "ci", "--omit=dev", "--no-audit", "--no-fund"}, []string{"node", "main.js", "tests/called"}},
	{
		"java", []string{"mvn", "-B", "-ntp", "-q", "-DskipTests", "package"},
		[]string{"java", "-cp", "target/test-classes:target/mytcp.jar", "lab.CalledEcho"},
	},
}

// TestCalledMains checks what a main program says to a driver that knows of connections which others begin, and to one that does not.
// TestMains does so for programs that cannot be called.
func TestCalledMains(t *testing.T) {
	for _, p := range calledMains {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			dir := copySDK(t, p.name)
			if p.name == "go" {
				dir = goEcho(t, dir, "outgoing.go", "incoming.go")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*limit) // others may run Maven first
			defer cancel()
			if p.build != nil {
				runBuild(ctx, t, dir, p.build)
			}
			start := func(t *testing.T) *mainProgram {
				p := newMain(ctx, t, dir, p.run)
				p.greet(exp4.Incoming)
				return p
			}
			t.Run("calls", func(t *testing.T) { checkCalled(t, start(t)) })
			t.Run("threads", func(t *testing.T) { checkCalledThreads(t, start(t)) })
			t.Run("no answer", func(t *testing.T) { checkNoAnswer(t, start(t)) })
			t.Run("another answer", func(t *testing.T) { checkAnotherAnswer(t, start(t)) })
		})
	}
}

// answer sends what a driver says to a hello that names extensions.
func (p *mainProgram) answer(known ...string) {
	p.t.Helper()
	hello := exp4.Hello(known...)
	b, err := exp4.Append(nil, &hello)
	if err != nil {
		p.t.Fatal(err)
	}
	p.send(b)
}

// stop ends the program and returns what it has said, line by line.
func (p *mainProgram) stop() []string {
	p.cmd.Process.Kill()
	p.cmd.Wait()
	return strings.Split(strings.TrimSuffix(p.stderr.String(), "\n"), "\n")
}

// checkCalled: after the answer, which may name more, the program is called; all else is as ever.
func checkCalled(t *testing.T, p *mainProgram) {
	p.answer("another", exp4.Incoming)
	p.send([]byte{0})
	if !strings.HasPrefix(t.Name(), "TestCalledMains/nodejs/") {
		p.want(exp4.Conn{}, exp4.Data, "tick")
	}
	p.call(exp4.PeerConnect, []byte{0, 1, 0xff})
	p.want(echoed, exp4.PeerConnect, "")
	p.want(echoed, exp4.Data, "peer_connect \x00\x01\xff")
	p.call(exp4.Connect, nil)
	p.want(echoed, exp4.Data, "app_connect")
	if said := p.stop(); said[0] != "" {
		t.Errorf("it says %q", said)
	}
}

// checkCalledThreads: peer_connected may be called by any thread, as the other calls.
func checkCalledThreads(t *testing.T, p *mainProgram) {
	p.answer(exp4.Incoming)
	p.call(exp4.PeerConnect, []byte("threads"))
	for range 400 {
		p.want(echoed, exp4.PeerConnect, "")
	}
}

// checkNoAnswer: the first that an older driver says is something else. The program is told once, and is not called.
func checkNoAnswer(t *testing.T, p *mainProgram) {
	p.send([]byte{0})
	p.checkNobodyCalls(1)
}

// checkAnotherAnswer: the driver knows another extension.
func checkAnotherAnswer(t *testing.T, p *mainProgram) {
	p.answer("another")
	p.checkNobodyCalls(0)
}

// checkNobodyCalls makes sure that the program goes on as one that cannot be called, and has said so once.
func (p *mainProgram) checkNobodyCalls(ticks int) {
	p.t.Helper()
	if !strings.HasPrefix(p.t.Name(), "TestCalledMains/nodejs/") {
		for range ticks {
			p.want(exp4.Conn{}, exp4.Data, "tick")
		}
	}
	for range 2 {
		p.call(exp4.Connect, nil)
		p.want(echoed, exp4.Data, "app_connect")
	}
	p.call(exp4.PeerConnect, []byte("segment"))
	p.call(exp4.Connect, nil)
	p.want(echoed, exp4.Data, "app_connect")
	said := p.stop()
	if len(said) != 2 || !strings.Contains(said[0], nobodyWillCall) || !strings.Contains(said[1], "flags") {
		p.t.Errorf("it says %q, want %q and a line on unknown flags", said, nobodyWillCall)
	}
}

// checkUncalled: a program that cannot be called takes what belongs to that for rubbish.
func checkUncalled(t *testing.T, p *mainProgram) {
	p.greet()
	p.answer(exp4.Incoming)
	p.call(exp4.PeerConnect, []byte("segment"))
	p.call(exp4.Connect, nil)
	p.want(echoed, exp4.Data, "app_connect")
	if said := p.stop(); len(said) != 2 || strings.Count(strings.Join(said, "\n"), "flags") != 2 {
		t.Errorf("it says %q, want two lines on unknown flags", said)
	}
}
