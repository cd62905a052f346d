package top

// What the tests of this package see of it.
var (
	Live = live
	Raw  = raw
)
