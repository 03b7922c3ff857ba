package template

import lab.Program

/** Starts your TCP. The driver has to run already. */
fun main() = Program.run(::Outgoing)
