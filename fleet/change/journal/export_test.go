package journal

// First is the first version of the schema.
const First = first
