package journal

// First is the first version of the schema.
const First = first

// WritableBy is Writable where can says what cannot be written to.
var WritableBy = writable
