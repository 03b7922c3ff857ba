package reference;

import lab.Program;

/** Starts the reference. The driver has to run already. */
final class Main {
    private Main() {}

    public static void main(String[] args) {
        Program.run(Outgoing::new);
    }
}
