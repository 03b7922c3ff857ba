// Package variant makes TCPs that are wrong in a known way: the Python reference with a small change. They test the
// examiner, which has to take from each the marks that its mistake costs, and no others.
//
//	v, err := variant.Find("no-checksum")
//	err = v.Write("..", dir) // then `python3 main.py` in dir
//
// Concurrency: there is no state.
//
// Limitations: a change names the text that it replaces, and fails if the reference does not contain it exactly once.
package variant
