package file

// Decode is decode, for fuzzing without a disk.
var Decode = decode
