// Package tundev keeps TUN devices that outlive a process: it makes one with everything around it, writes down what it
// changed, and undoes precisely that.
//
//	book := tundev.Book{}
//	record, err := book.Up(tundev.Plan{Name: "tun0", User: 1000, Kernel: ..., Ours: ...})
//	...
//	err = book.Down("tun0")
//
// Up either does everything or nothing: a guard takes back what was begun when a step fails or the process is killed.
// What is to be undone is on record before the guard is let go. Down may be called again, whatever has happened meanwhile;
// the record goes when everything in it is undone.
//
// Records lie in /run/antedon, one file a device, for root only. A device in another network namespace than that of
// process 1 has its record in a directory of that namespace's. They are read back with suspicion: each step must be one
// that Up could have recorded for this very device.
//
// Lookup and List look at devices without privilege; Up and Down take root.
//
// Concurrency: any number of processes may use a Book at the same time; a lock on its directory orders them. The
// network namespace is that of the calling thread.
//
// Limitations: nothing is done about filters of others that stop forwarded packets.
package tundev
