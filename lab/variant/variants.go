package variant

// marks makes a map of pairs.
func marks(pairs ...any) map[string]int {
	m := make(map[string]int)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1].(int)
	}
	return m
}

// everything is lost by a program without a handshake.
var everything = marks("handshake", 20, "small-data", 30, "close", 10, "receive", 5, "send", 5, "page", 5, "retransmission", 5)

const (
	connectionPy = "connection.py"
	senderPy     = "sender.py"
	receiverPy   = "receiver.py"
	segmentPy    = "segment.py"
	outgoingPy   = "outgoing.py"
	timersPy     = "timers.py"
	congestionPy = "congestion.py"
)

// noFastRetransmit is part of variants that are to rely on the timer.
var noFastRetransmit = Edit{congestionPy, "if self.duplicates != 3 or una <= self.recover:", "if True:"}

// Variants are all of them: first those that a student's TCP may be and still get full marks.
var Variants = []Variant{
	{"reference", "the reference itself", nil, nil, nil},
	{"no-flow-control", "ignores the peer's window", []Edit{{senderPy, "min(self.wnd, self.congestion.cwnd)", "self.congestion.cwnd"},
		{senderPy, "2 * size < self.widest", "False"}}, nil, []string{"flow-control"}},
	{"no-congestion-control", "sends as much as the peer takes", []Edit{{senderPy, "min(self.wnd, self.congestion.cwnd)", "self.wnd"}}, nil, []string{"congestion-control"}},
	{"no-fast-retransmit", "relies on the timer", []Edit{noFastRetransmit}, nil, []string{"fast-retransmit"}},
	{"no-out-of-order", "drops what comes too early", []Edit{{receiverPy, "            self._hold(seq, payload)\n", ""}}, nil, []string{"out-of-order"}},
	{"no-options", "sends no MSS option", []Edit{{connectionPy, "self.path.mss if flags & SYN else None", "None"}}, nil, []string{"options"}},
	{"no-rtt", "does not measure the round trip", []Edit{{timersPy, "rto = FIRST_RTO if self.srtt is None else self.srtt + max(GRANULARITY, 4 * self.rttvar)", "rto = FIRST_RTO"}}, nil, []string{"rtt-estimation"}},
	{"no-release", "never calls release_connection", []Edit{{connectionPy, "        self.api.release_connection(self.conn)\n", ""}}, nil, []string{"release"}},
	{"no-verification", "takes segments with wrong checksums", []Edit{{segmentPy, "if self._sum(data) % 0xFFFF != 0:", "if False:"}}, nil, []string{"checksum"}},
	{"deaf-to-resets", "ignores RST", []Edit{{connectionPy, "        else:\n            self._reset()\n        return False", "        return False"}}, nil, []string{"resets"}},
	{"late-final-ack", "acknowledges only the second SYN,ACK", []Edit{{connectionPy, "            self._establish()\n            self.rcv.ack_due = True\n        else:", "            self._establish()\n        else:"}}, nil, nil},
	{"sequence-near-wrap", "begins shortly before sequence numbers wrap", []Edit{wrapISS}, nil, nil},

	{"wrong-checksum", "sends wrong checksums", []Edit{{segmentPy, "checksum = -self._sum(", "checksum = 1 + -self._sum("}}, everything, nil},
	{"no-checksum", "leaves the checksum 0", []Edit{{segmentPy, "return HEADER.pack(*fields, checksum, 0)", "return HEADER.pack(*fields, 0, 0)"}}, everything, nil},
	{"ports-swapped", "mixes up the ports", []Edit{{segmentPy, "self.ports = conn.src.port, conn.dst.port", "self.ports = conn.dst.port, conn.src.port"}}, everything, nil},
	{"crashes-at-start", "ends before its hello", []Edit{{outgoingPy, "import hashlib\n", "import hashlib\nraise SystemExit(1)\n"}}, everything, nil},
	{"silent", "never says hello", []Edit{{outgoingPy, "import hashlib\n", "import hashlib, time\ntime.sleep(1000)\n"}}, everything, nil},
	{"syn-without-flag", "sends ACK where SYN ought to be", []Edit{{senderPy, "return self._send(self.iss, 0, SYN, now)", "return self._send(self.iss, 0, PSH, now)"}}, everything, nil},

	{"no-app-connected", "does not call app_connected", []Edit{{connectionPy, "        self.api.app_connected(self.conn)\n", ""}},
		marks("handshake", 5, "small-data", 30, "close", 10, "receive", 5, "send", 5, "page", 5, "retransmission", 4), nil},
	{"no-timeout", "retransmits only fast", []Edit{noTimeout}, marks("retransmission", 2), nil},
	{"no-retransmission", "never sends anything again", []Edit{noTimeout, noFastRetransmit}, marks("retransmission", 5), nil},
	{"slow-timeout", "waits a minute for its timer", []Edit{{timersPy, "FIRST_RTO = 1.0", "FIRST_RTO = 60.0"}, {timersPy, "LEAST_RTO = 1.0", "LEAST_RTO = 60.0"}},
		marks("retransmission", 2), nil},
	{"ignores-fin", "does not notice the peer's FIN", []Edit{{connectionPy, "        if self.rcv.has_finished():\n            self._on_peer_fin(now)\n", ""}}, marks("close", 10), nil},
	{"no-app-peer-fin", "does not call app_peer_fin", []Edit{{connectionPy, "        self.api.app_peer_fin(self.conn)\n", ""}}, marks("close", 5), nil},
	{"fin-not-counted", "does not count the peer's FIN", []Edit{{receiverPy, "            self.nxt += 1  # FIN", "            pass  # FIN"}}, marks("close", 10), nil},
	{"never-sends-fin", "never closes its direction", []Edit{{connectionPy, "        self.snd.close()\n", ""}}, marks("close", 10, "retransmission", 1), nil},
	{"no-fin-after-peers", "does not close when the peer has closed", []Edit{{connectionPy, "        self.snd.close()\n", "        if self.state is State.CLOSE_WAIT:\n            return\n        self.snd.close()\n"}}, marks("close", 5), nil},
	{"rst-for-fin", "resets instead of closing", []Edit{{connectionPy, "        self.snd.close()\n", "        self._emit(self.snd.max, RST)\n"}}, marks("close", 10, "retransmission", 1), nil},
	{"crashes-at-fin", "ends at the peer's FIN", []Edit{{connectionPy, "        self.api.app_peer_fin(self.conn)\n", "        raise SystemExit(1)\n"}}, marks("close", 10), nil},
	{"one-connection", "forgets a connection when the next one comes", []Edit{{outgoingPy, "    connections[conn] = Connection(", "    connections.clear()\n    connections[conn] = Connection("}}, marks("page", 5), nil},
	{"hangs-on-send", "hangs as soon as the application sends", []Edit{{senderPy, "        self.buffer += data\n", "        while True:\n            pass\n"}},
		marks("small-data", 30, "close", 10, "send", 5, "page", 5, "retransmission", 4), nil},
	{"crashes-on-receive", "ends when text comes", []Edit{{connectionPy, "            self.api.app_recv(self.conn, data)\n", "            raise SystemExit(1)\n"}},
		marks("small-data", 20, "close", 10, "receive", 5, "page", 5), nil},
	{"receives-twice", "hands over everything twice", []Edit{{connectionPy, "            self.api.app_recv(self.conn, data)\n", "            self.api.app_recv(self.conn, data)\n            self.api.app_recv(self.conn, data)\n"}},
		marks("small-data", 20, "close", 10, "receive", 5, "page", 5), nil},
	{"receives-too-little", "hands over 1,000 bytes of a segment at most", []Edit{{connectionPy, "self.api.app_recv(self.conn, data)", "self.api.app_recv(self.conn, data[:1000])"}},
		marks("small-data", 10, "receive", 5, "page", 5), nil},
	{"window-zero", "offers no window", []Edit{{connectionPy, "flags, WINDOW, payload", "flags, 0, payload"}},
		marks("small-data", 20, "close", 10, "receive", 5, "page", 5), nil},
	{"receives-three-megabytes", "stops to hand over after 3 MB", []Edit{{connectionPy, "        if data:\n", "        self.got = getattr(self, \"got\", 0) + len(data)\n        if data and self.got < 3_000_000:\n"}}, marks("receive", 3), nil},
	{"sends-three-megabytes", "stops to send after 3 MB", []Edit{{senderPy, "        self.buffer += data\n", "        self.taken = getattr(self, \"taken\", 0) + len(data)\n        if self.taken < 3_000_000:\n            self.buffer += data\n"}}, marks("send", 3), nil},
	{"zeroes-later", "sends zeroes after 100 kB", []Edit{{senderPy, "        payload = bytes(self.buffer[start : start + size])\n", "        payload = bytes(self.buffer[start : start + size])\n        if seq - self.iss > 100_000:\n            payload = bytes(len(payload))\n"}}, marks("send", 5), nil},
	{"wraps-wrongly", "does not know that sequence numbers wrap", []Edit{wrapISS, {segmentPy, "    return near + (number - near + 0x8000_0000) % 0x1_0000_0000 - 0x8000_0000", "    return number"}},
		marks("small-data", 10, "send", 5, "retransmission", 3), nil},
}

// wrapISS has sequence numbers wrap after 2,000 bytes.
var wrapISS = Edit{outgoingPy, "return (int(now * 250_000) + int.from_bytes(digest, \"big\")) % 2**32", "return 2**32 - 2000"}

// noTimeout has the timer run out in vain.
var noTimeout = Edit{senderPy, "        if now - self._waiting_since > PATIENCE:\n            return False\n", "        self.timer.start(now + 1)\n        return True\n"}
