package red

import "context"

func (c *computation) history(context.Context, []string, *Report) error { return nil }
