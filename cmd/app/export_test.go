package app

// With is what a build comes to with the Go tool's own record.
var With = Build.with
