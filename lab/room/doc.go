// Package room is where the teaching kit's driver works without touching the machine: a host and a remote host of their
// own, joined by a link, with servers on the remote one; and the programs of SDKs, each with its own /tmp.
//
//	r, err := room.New(ctx)
//	defer r.Close()
//	d, err := driver.Start(driver.Config{Namespace: r.Host(), Dirs: ...})
//	p, err := room.StartSDK(ctx, r.Host(), dir, "python3 main.py", os.Stderr)
//	err = r.App(ctx, "curl", "http://10.7.0.2/").Run()
//
// The host is 10.7.0.1 and fd07::1, the remote host 10.7.0.2 and fd07::2. That one serves echo (7), discard (9), chargen
// (19) and HTTP (80): / is a page, /bytes/N are N bytes.
//
// Close ends all programs that were started in the room, with what they have started.
//
// Concurrency: all methods may be called from any goroutine.
//
// Limitations: Linux. There is no way out of the room: names are not resolved.
package room
