// Package sdktest tests the SDKs of the teaching kit with the toolchains of their languages: it builds them and runs their own
// tests, checks what their main programs say to a driver, has curl send and fetch files through the driver and each reference, and
// plays packet scripts to it.
//
// It has nothing but tests. A language is a row of their tables. A toolchain that is missing makes its row fail and say so;
// make test installs those that Debian has.
//
// Limitations: Linux only.
package sdktest
