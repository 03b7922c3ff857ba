package lab;

import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The program around a TCP: joins the driver, and calls the TCP's methods for each of its messages. */
public final class Program {
    /** What the flags of a message from the driver mean. */
    static final int APP_SEND = 0x00, APP_FIN = 0x01, APP_CONNECT = 0x02, APP_RST = 0x04, TCP_RX = 0x40;

    /** Between attempts while the driver is taken. */
    private static final Duration RETRY = Duration.ofMillis(500);

    private Program() {}

    /**
     * Runs a TCP until the driver is gone, and then ends the program. The driver has to run already. While it serves another SDK
     * this one waits.
     *
     * @param create makes the TCP, given what it may call; if it is an {@link Incoming}, it can be called
     */
    public static void run(Function<Api, Tcp> create) {
        Path directory = Path.of(Optional.ofNullable(System.getenv("ANTEDON_LAB_DIR")).orElse("/tmp"));
        try (Driver driver = Driver.join(directory, Program::pause)) {
            Tcp tcp = create.apply(driver);
            Calls calls = new Calls(tcp);
            driver.hello(calls.extensions());
            serve(driver, tcp, calls);
        } catch (IOException e) {
            System.err.println("the driver is gone, or was never there: " + e.getMessage());
        } catch (RuntimeException e) {
            e.printStackTrace();
        }
        System.exit(1); // whatever threads the TCP may have started
    }

    private static void pause() {
        try {
            Thread.sleep(RETRY.toMillis());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e); // nobody interrupts the main thread
        }
    }

    /** Receives and dispatches until the driver is gone. What cannot be understood is reported and passed over. */
    private static void serve(Driver driver, Tcp tcp, Calls calls) throws IOException {
        while (true) {
            ByteBuffer datagram = driver.receive();
            if (isTick(datagram)) {
                calls.settle(List.of());
                tcp.tick();
                continue;
            }
            Message message;
            try {
                message = parse(datagram);
            } catch (ProtocolException e) {
                System.err.println("a datagram from the driver: " + e.getMessage());
                continue;
            }
            if (!calls.take(message)) {
                dispatch(message, tcp);
            }
        }
    }

    private static boolean isTick(ByteBuffer datagram) {
        return datagram.remaining() == 1 && datagram.get(0) == 0;
    }

    private static Message parse(ByteBuffer datagram) throws ProtocolException {
        if (datagram.remaining() == Driver.LONGEST) {
            throw new ProtocolException(Driver.LONGEST + " bytes or more");
        }
        return Codec.decode(datagram);
    }

    private static void dispatch(Message message, Tcp tcp) {
        switch (message.flags()) {
            case APP_CONNECT -> tcp.appConnect(message.conn());
            case APP_SEND -> tcp.appSend(message.conn(), message.bytes());
            case APP_FIN -> tcp.appFin(message.conn());
            case APP_RST -> tcp.appRst(message.conn());
            case TCP_RX -> tcp.tcpRx(message.conn(), message.bytes());
            default -> System.err.printf("a datagram from the driver: flags %#x stand for nothing%n", message.flags());
        }
    }
}
