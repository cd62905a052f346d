package match

// Pairs walks over two sorted lists and hands on what belongs together; what is
// in only one of them comes with nil for the other. The pointers point into the
// lists.
func Pairs[T any](old, new []T, compare func(a, b *T) int, each func(was, is *T)) {
	for len(old)+len(new) > 0 {
		order := 0
		switch {
		case len(old) == 0:
			order = 1
		case len(new) == 0:
			order = -1
		default:
			order = compare(&old[0], &new[0])
		}
		var was, is *T
		if order <= 0 {
			was, old = &old[0], old[1:]
		}
		if order >= 0 {
			is, new = &new[0], new[1:]
		}
		each(was, is)
	}
}
