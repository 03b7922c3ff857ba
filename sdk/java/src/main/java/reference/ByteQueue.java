package reference;

import java.util.Arrays;

/** Bytes that go in at one end and are dropped from the other, in an array that grows as needed. */
final class ByteQueue {
    private byte[] bytes = new byte[4096];
    private int start; // where the first byte is
    private int size;

    int size() {
        return size;
    }

    void append(byte[] data) {
        if (start + size + data.length > bytes.length) {
            makeRoom(data.length);
        }
        System.arraycopy(data, 0, bytes, start + size, data.length);
        size += data.length;
    }

    /** Moves what there is to the front; into a larger array if that does not leave at least as much room as is taken. */
    private void makeRoom(int more) {
        int needed = size + more;
        byte[] to = 2L * needed <= bytes.length ? bytes : new byte[Math.multiplyExact(2, needed)];
        System.arraycopy(bytes, start, to, 0, size);
        bytes = to;
        start = 0;
    }

    /** Drops the first bytes. */
    void drop(int count) {
        start += count;
        size -= count;
    }

    /** Returns up to count bytes, from the one at index on. */
    byte[] copy(int index, int count) {
        int from = start + index;
        return Arrays.copyOfRange(bytes, from, from + Math.min(count, size - index));
    }
}
