package lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The vectors that all SDKs share, and as much of JSON as they need: no numbers but integers, no escapes. */
public final class Vectors {
    private static final Path DIRECTORY = Path.of("../../lab/exp4/testdata");

    private final String text;
    private int at;

    private Vectors(String text) {
        this.text = text;
    }

    /** What one vector says; conn is null in those that name no connection, extensions where a vector does not say. */
    public record Vector(String name, byte[] datagram, Conn conn, byte[] bytes, int flags, boolean strict, List<String> extensions) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** Returns all vectors of a file. */
    public static List<Vector> read(String file) throws IOException {
        Vectors json = new Vectors(Files.readString(DIRECTORY.resolve(file)));
        List<Vector> vectors = new ArrayList<>();
        for (Object vector : (List<?>) json.value()) {
            vectors.add(vector((Map<?, ?>) vector));
        }
        return vectors;
    }

    /** Returns the vectors of messages. */
    public static List<Vector> golden() throws IOException {
        List<Vector> vectors = new ArrayList<>(read("golden.json"));
        vectors.removeIf(vector -> vector.conn() == null);
        vectors.addAll(read("incoming.json"));
        return vectors;
    }

    private static Vector vector(Map<?, ?> json) {
        Conn conn = json.get("conn") instanceof Map<?, ?> ends ? new Conn(end(ends.get("src")), end(ends.get("dst"))) : null;
        int flags = json.get("flags") instanceof Long value ? value.intValue() : 0;
        return new Vector((String) json.get("name"), hex(json.get("hex")), conn, hex(json.get("bytes")), flags,
                Boolean.TRUE.equals(json.get("strict")), strings(json.get("extensions")));
    }

    private static Endpoint end(Object json) {
        Map<?, ?> end = (Map<?, ?>) json;
        return new Endpoint((String) end.get("ip"), ((Long) end.get("port")).intValue());
    }

    private static List<String> strings(Object json) {
        return json instanceof List<?> list ? list.stream().map(String.class::cast).toList() : null;
    }

    private static byte[] hex(Object json) {
        return json == null ? new byte[0] : HexFormat.of().parseHex((String) json);
    }

    private Object value() {
        char first = peek();
        if (first == '{') {
            Map<String, Object> object = new LinkedHashMap<>();
            for (at++; peek() != '}'; skip(',')) {
                String key = string();
                skip(':');
                object.put(key, value());
            }
            at++;
            return object;
        }
        if (first == '[') {
            List<Object> array = new ArrayList<>();
            for (at++; peek() != ']'; skip(',')) {
                array.add(value());
            }
            at++;
            return array;
        }
        return first == '"' ? string() : word();
    }

    private String string() {
        peek();
        int end = text.indexOf('"', at + 1);
        String string = text.substring(at + 1, end);
        at = end + 1;
        return string;
    }

    private Object word() {
        int start = at;
        while (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '-') {
            at++;
        }
        String word = text.substring(start, at);
        return switch (word) {
            case "true" -> true;
            case "false" -> false;
            default -> Long.valueOf(word);
        };
    }

    private void skip(char mark) {
        if (peek() == mark) {
            at++;
        }
    }

    private char peek() {
        while (Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return text.charAt(at);
    }
}
