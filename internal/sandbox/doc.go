// Package sandbox runs the program of somebody we do not know, so that it can do nothing but compute and talk to the
// sockets in its /tmp.
//
//	func main() { sandbox.Init(); netlab.Init(); ... }
//
//	box, err := sandbox.New(ctx, sandbox.Config{Argv: []string{"python3", "main.py"}, Dir: dir, Output: &out})
//	defer box.Close()
//	ln, err := net.ListenUnixgram("unixgram", ...box.Tmp()+"/name") // the program sees it as /tmp/name
//	err = box.Start()
//	<-box.Done()                                                    // box.Err says how it ended
//
// The program is in namespaces of its own: process ids, mounts, network (a loopback and nothing else), IPC, host name and
// users. It has no capabilities and cannot get any. It sees the file system read-only, without /run, the homes of users,
// Config.Hide and the devices but for null, full, random, urandom and tty, and with a /tmp of its own, which is small and goes with
// it. What Config.Show names is there nevertheless, and so are toolchains that PATH leads to. What is started by root runs as
// user 65534. A filter denies the system calls by which it would get new namespaces, keys, or memory that is not counted.
//
// Limits: see Limits. The first process in the box is this program once more, which counts what the others use every
// 50 ms; rlimits hold in between. When the program ends, or a limit is reached, or this process dies, that first process
// ends, and with it the kernel ends all others in the box, whatever they did to hide.
//
// Concurrency: methods may be called from any goroutine.
//
// Limitations: Linux 5.12 or later. The process must be one that may make namespaces: see netlab.Isolate. The program
// may read what its user may read. A limit of memory that all processes share is enforced by counting, not by the kernel:
// many that grow at once can pass it for 50 ms.
package sandbox
