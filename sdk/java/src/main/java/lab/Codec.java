package lab;

import java.net.ProtocolException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Datagrams between SDK and driver: BSON documents of one shape.
 *
 * <pre>{conn: {src: {ip, port}, dst: {ip, port}}, bytes: binary, flags: integer}</pre>
 *
 * A hello may have a further key, extensions: an array of strings.
 *
 * BSON (bsonspec.org) is little-endian: a document is its own length in four bytes, then elements, then a zero byte; an element
 * is one byte that tells its type, its name with a zero byte after it, and its value. This class holds as much of it as such
 * documents need: it writes the types of the shape above, and reads these and 64-bit integers, and steps over every other
 * type, so that a driver may add keys that we do not know.
 */
final class Codec {
    private static final int DOUBLE = 0x01, STRING = 0x02, DOCUMENT = 0x03, ARRAY = 0x04, BINARY = 0x05, UNDEFINED = 0x06,
            OBJECT_ID = 0x07, BOOLEAN = 0x08, DATE = 0x09, NULL = 0x0A, INT32 = 0x10, TIMESTAMP = 0x11, INT64 = 0x12,
            DECIMAL128 = 0x13, MAX_KEY = 0x7F, MIN_KEY = 0xFF;

    /** Documents within documents; ours are two deep. */
    private static final int DEEPEST = 16;

    /** Bytes of a datagram beside its data and strings, rounded up; and of a string beside its text. */
    private static final int FRAME = 160, STRING_FRAME = 16;

    private Codec() {}

    /** Returns the datagram of a message. */
    static ByteBuffer encode(Message message) {
        Conn conn = message.conn();
        byte[] src = utf8(conn.src().ip()), dst = utf8(conn.dst().ip());
        byte[][] extensions = message.extensions().stream().map(Codec::utf8).toArray(byte[][]::new);
        int size = FRAME + src.length + dst.length + message.bytes().length;
        for (byte[] extension : extensions) {
            size += STRING_FRAME + extension.length;
        }
        ByteBuffer out = littleEndian(ByteBuffer.allocate(size));
        putDocument(out, () -> {
            putName(out, DOCUMENT, "conn");
            putDocument(out, () -> {
                putEndpoint(out, "src", src, conn.src().port());
                putEndpoint(out, "dst", dst, conn.dst().port());
            });
            putName(out, BINARY, "bytes");
            out.putInt(message.bytes().length).put((byte) 0).put(message.bytes()); // of the generic subtype
            putName(out, INT32, "flags");
            out.putInt(message.flags());
            if (extensions.length > 0) {
                putArray(out, "extensions", extensions);
            }
        });
        return out.flip();
    }

    private static void putEndpoint(ByteBuffer out, String name, byte[] ip, int port) {
        putName(out, DOCUMENT, name);
        putDocument(out, () -> {
            putString(out, "ip", ip);
            putName(out, INT32, "port");
            out.putInt(port);
        });
    }

    /** Writes an array: a document with the names "0", "1", … */
    private static void putArray(ByteBuffer out, String name, byte[][] strings) {
        putName(out, ARRAY, name);
        putDocument(out, () -> {
            for (int i = 0; i < strings.length; i++) {
                putString(out, String.valueOf(i), strings[i]);
            }
        });
    }

    private static void putString(ByteBuffer out, String name, byte[] text) {
        putName(out, STRING, name);
        out.putInt(text.length + 1).put(text).put((byte) 0);
    }

    private static void putDocument(ByteBuffer out, Runnable elements) {
        int start = out.position();
        out.putInt(0); // the length, not known yet
        elements.run();
        out.put((byte) 0).putInt(start, out.position() - start);
    }

    private static void putName(ByteBuffer out, int type, String name) {
        out.put((byte) type).put(name.getBytes(StandardCharsets.US_ASCII)).put((byte) 0);
    }

    /** Returns the message of a datagram, all of what remains in the buffer. ProtocolException if it is none. */
    static Message decode(ByteBuffer datagram) throws ProtocolException {
        try {
            ByteBuffer in = littleEndian(datagram.slice());
            Map<String, Object> document = document(in, 0);
            if (in.hasRemaining()) {
                throw new ProtocolException(in.remaining() + " bytes follow the document");
            }
            Map<?, ?> conn = get(document, "conn", Map.class);
            Conn ends = new Conn(endpoint(get(conn, "src", Map.class)), endpoint(get(conn, "dst", Map.class)));
            int flags = Math.toIntExact(get(document, "flags", Long.class));
            return new Message(ends, get(document, "bytes", byte[].class), flags, strings(document.get("extensions")));
        } catch (BufferUnderflowException | CharacterCodingException e) {
            throw new ProtocolException("a value does not end where it should: " + e);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new ProtocolException("a number is out of range: " + e.getMessage());
        }
    }

    private static Endpoint endpoint(Map<?, ?> document) throws ProtocolException {
        return new Endpoint(get(document, "ip", String.class), Math.toIntExact(get(document, "port", Long.class)));
    }

    /** Returns the strings in an array. Whatever else is found there is none of ours. */
    private static List<String> strings(Object value) {
        if (!(value instanceof Map<?, ?> array)) {
            return List.of();
        }
        List<String> strings = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            if (array.get(String.valueOf(i)) instanceof String string) {
                strings.add(string);
            }
        }
        return strings;
    }

    private static <T> T get(Map<?, ?> document, String name, Class<T> type) throws ProtocolException {
        Object value = document.get(name);
        if (!type.isInstance(value)) {
            throw new ProtocolException(name + " is missing or has the wrong type");
        }
        return type.cast(value);
    }

    private static Map<String, Object> document(ByteBuffer in, int depth) throws ProtocolException, CharacterCodingException {
        if (depth > DEEPEST) {
            throw new ProtocolException("documents within documents, too deep");
        }
        ByteBuffer elements = take(in, in.getInt() - 4); // the length counts itself
        Map<String, Object> document = new HashMap<>();
        for (int type; (type = elements.get() & 0xFF) != 0;) {
            String name = name(elements);
            document.put(name, value(type, elements, depth));
        }
        if (elements.hasRemaining()) {
            throw new ProtocolException("a document ends before its length does");
        }
        return document;
    }

    private static String name(ByteBuffer in) throws CharacterCodingException {
        int start = in.position();
        while (in.get() != 0) {
            continue;
        }
        return text(in.slice(start, in.position() - 1 - start));
    }

    /** Reads a value. What cannot be in a message of ours is stepped over, and null. */
    private static Object value(int type, ByteBuffer in, int depth) throws ProtocolException, CharacterCodingException {
        return switch (type) {
            case INT32 -> (long) in.getInt();
            case INT64 -> in.getLong();
            case STRING -> string(in);
            case BINARY -> binary(in);
            case DOCUMENT, ARRAY -> document(in, depth + 1);
            case DOUBLE, DATE, TIMESTAMP -> skip(in, 8);
            case UNDEFINED, NULL, MIN_KEY, MAX_KEY -> skip(in, 0);
            case BOOLEAN -> skip(in, 1);
            case OBJECT_ID -> skip(in, 12);
            case DECIMAL128 -> skip(in, 16);
            default -> throw new ProtocolException("an element of type " + type);
        };
    }

    private static String string(ByteBuffer in) throws ProtocolException, CharacterCodingException {
        int length = in.getInt(); // counts the zero byte
        ByteBuffer string = take(in, length);
        if (length == 0 || string.get(length - 1) != 0) {
            throw new ProtocolException("a string does not end where it says");
        }
        return text(string.slice(0, length - 1));
    }

    private static byte[] binary(ByteBuffer in) {
        int length = in.getInt();
        in.get(); // the subtype
        ByteBuffer data = take(in, length);
        byte[] bytes = new byte[data.remaining()];
        data.get(bytes);
        return bytes;
    }

    private static String text(ByteBuffer bytes) throws CharacterCodingException {
        return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Object skip(ByteBuffer in, int length) {
        take(in, length);
        return null;
    }

    /** Returns the next bytes as a buffer of their own, beyond which nothing can be read. */
    private static ByteBuffer take(ByteBuffer in, int length) {
        if (length < 0 || length > in.remaining()) {
            throw new BufferUnderflowException();
        }
        ByteBuffer taken = littleEndian(in.slice(in.position(), length));
        in.position(in.position() + length);
        return taken;
    }

    private static ByteBuffer littleEndian(ByteBuffer buffer) {
        return buffer.order(ByteOrder.LITTLE_ENDIAN);
    }
}
