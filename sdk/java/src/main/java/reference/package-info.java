/**
 * A TCP for the driver: what the template leaves to you, done. Begin with {@link reference.Outgoing}, then read
 * {@link reference.Connection}, {@link reference.Sender} and {@link reference.Receiver}.
 *
 * <p>It retransmits, closes in any order, answers resets, keeps what arrives out of order, verifies checksums, measures the round
 * trip, heeds the peer's window and the network's load, and gives back what it no longer needs. It leaves out what a laboratory
 * can do without: window scaling, selective acknowledgment, timestamps, urgent data, path MTU discovery, keep-alives.
 *
 * <p>All of it runs in one thread. Only {@link reference.Outgoing} knows the clock: everything else is handed moments, of a clock
 * that never runs backwards.
 */
package reference;
