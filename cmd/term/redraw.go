package term

// Redraw takes the cursor home and clears the screen and what had scrolled
// off it in the last round: written to a terminal before each drawing of -w.
const Redraw = "\x1b[H\x1b[2J"
