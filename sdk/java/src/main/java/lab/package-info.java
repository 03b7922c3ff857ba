/**
 * The part of a program that speaks to the driver of the lab: you need not change it.
 *
 * <p>{@link lab.Program#run} joins the driver and calls the methods of a {@link lab.Tcp} for what happens; that answers with the
 * calls of {@link lab.Api}, which may be made from any thread.
 *
 * <p>The sockets are in {@code /tmp}, or where the environment variable {@code ANTEDON_LAB_DIR} says. Java has no unix datagram
 * sockets of its own; they come from junixsocket.
 */
package lab;
