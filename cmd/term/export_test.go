package term

// SystemFor is System on any files and environment.
var SystemFor = system
