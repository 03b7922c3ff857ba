// Package conformance joins the requirements of the RFCs we claim with the code that implements them and the tests that
// prove it, and writes the result as docs/conformance.md.
//
// The requirements are lists, docs/requirements/RFC*.txt, so that what was forgotten shows as well. Code and tests
// answer them with tags, comment lines of the form
//
//	// req: RFC9293 MUST-10, MUST-11, RFC6298 2-1
//
// in or above the declaration that does it; an id without an RFC belongs to the RFC before it. What is done otherwise,
// does not apply or is still to come is answered in docs/requirements/reasons.txt instead. An id with neither, a tag
// that names no id, and a tag in code that no test repeats are errors.
//
// After changing a tag or a list run
//
//	go generate ./...
//
// A test of this package fails while docs/conformance.md is out of date.
//
// Limitations: a tag says where to look, not that the code there is right.
package conformance

//go:generate go run ./generate ../..
