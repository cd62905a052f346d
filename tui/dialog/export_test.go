package dialog

// Duration is what the tests see of it.
var Duration = duration
