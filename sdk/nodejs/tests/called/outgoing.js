// A TCP like that in ../echo, which can be called.

export * from "../echo/outgoing.js";
