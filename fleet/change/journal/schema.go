package journal

// schema makes each version of the one before it, beginning with none. Times are
// nanoseconds since 1970, 0 for none: what ends at a time ends then whatever the
// machine's time zone or its sleep was.
func schema() []string { return []string{first, indexed} }

const first = `
CREATE TABLE batches (
	id TEXT PRIMARY KEY,
	at INTEGER NOT NULL,
	what TEXT NOT NULL,
	context TEXT NOT NULL,
	who TEXT NOT NULL,
	reason TEXT NOT NULL,
	origin TEXT NOT NULL,
	until INTEGER NOT NULL,
	keeper_pid INTEGER NOT NULL,
	keeper_host TEXT NOT NULL,
	reapply INTEGER NOT NULL,
	undoes TEXT NOT NULL,
	retries TEXT NOT NULL,
	override INTEGER NOT NULL,
	finished INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX batches_until ON batches(until) WHERE until > 0;
CREATE TABLE steps (
	batch TEXT NOT NULL REFERENCES batches(id),
	n INTEGER NOT NULL,
	of INTEGER NOT NULL,
	undo INTEGER NOT NULL,
	intent TEXT NOT NULL,
	key TEXT NOT NULL,
	holds INTEGER NOT NULL,
	what TEXT NOT NULL,
	was TEXT NOT NULL,
	will TEXT NOT NULL,
	before TEXT NOT NULL,
	state TEXT NOT NULL,
	now TEXT NOT NULL DEFAULT '',
	changed INTEGER NOT NULL DEFAULT 0,
	error TEXT NOT NULL DEFAULT '',
	began INTEGER NOT NULL DEFAULT 0,
	ended INTEGER NOT NULL DEFAULT 0,
	again INTEGER NOT NULL DEFAULT 0,
	put TEXT NOT NULL DEFAULT '',
	put_by TEXT NOT NULL DEFAULT '',
	put_at INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (batch, n)
) WITHOUT ROWID;
CREATE INDEX steps_key ON steps(key) WHERE put = '' AND undo = 0;
CREATE TABLE keeper (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	pid INTEGER NOT NULL,
	host TEXT NOT NULL,
	beat INTEGER NOT NULL,
	env TEXT NOT NULL
);
`

// indexed is for journals of years: what is asked by every command that reads,
// and by the keeper each second, costs as much as is in force. A step holds also
// what has an end.
const indexed = `
UPDATE steps SET holds = 1 WHERE batch IN (SELECT id FROM batches WHERE until > 0);
DROP INDEX batches_until;
CREATE INDEX batches_at ON batches(at);
CREATE INDEX batches_open ON batches(id) WHERE finished = 0;
CREATE INDEX steps_live ON steps(batch) WHERE ` + live + `;
CREATE INDEX steps_put ON steps(put_by) WHERE put = 'replaced';
`

// live is Record.InForce as SQLite has it, of a step: literally so in queries, or
// the index is not used.
const live = `put = '' AND undo = 0 AND holds = 1 AND state IN ('done', 'unknown', 'intended')`

// inForce is live of a step s, and someInForce the batches that have such a step.
const (
	inForce     = `s.put = '' AND s.undo = 0 AND s.holds = 1 AND s.state IN ('done', 'unknown', 'intended')`
	someInForce = `SELECT batch FROM steps WHERE ` + live
	unfinished  = `SELECT id FROM batches WHERE finished = 0`
)
