// Package netlab makes private network namespaces with a real kernel TCP inside, for tests and for the command line.
//
// A test binary hands itself over to Main, a program calls Init first and Isolate before it needs a namespace:
//
//	func TestMain(m *testing.M) { os.Exit(netlab.Main(m)) }
//
//	lab, err := netlab.New(netlab.Options{})
//	defer lab.Close()
//	ln, err := lab.Listen(ctx, "tcp", "10.7.0.1:80") // the kernel's listener
//	stack, err := antedon.New(lab.Device(), ...)     // our end of the link is 10.7.0.2
//
// A Namespace is a bare namespace with its loopback up. A Lab adds a link whose one end is the kernel's and whose other
// end is a link.Device. A Pair is two namespaces, joined by the kernel or by two devices.
//
// Root or not: making a namespace needs a capability. A Go process always has threads and so cannot unshare a user
// namespace; Isolate therefore runs the program once more inside one, in which it is root. The network namespace of
// the process itself stays what it was either way: only threads made for the purpose ever enter another one, and they
// are thrown away afterwards.
//
// What is left behind: nothing. A namespace vanishes with its last user. Close ends the processes in it, and so does a
// Guard, a small child process, should this process be killed.
//
// What a program does outside of a Namespace, such as a link that is to be seen by all, it registers with a Guard of its
// own. A Snapshot before and one after show in a test that everything is as it was. Unprivileged runs commands, among them
// tests, as an ordinary user.
//
// Concurrency: all methods may be called from any goroutine at the same time.
//
// Limitations: Linux only. Nothing here is meant for the library: it is imported by tests and commands.
package netlab
