-- The database of a case. Times are ISO 8601 in UTC, with microseconds and a Z.
-- Rows are only ever added: triggers refuse to change, replace or delete one.
-- "operator" is who added a row, "software" with what.

CREATE TABLE about (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);

CREATE TABLE events (
    event NOT NULL PRIMARY KEY CHECK (typeof(event) IN ('integer', 'text')),  -- its label in the badge log
    event_time TEXT NOT NULL,   -- by the reader's clock
    timezone TEXT NOT NULL,     -- the site's zone, in which times are shown
    cardholder_id TEXT,
    reader_id TEXT,
    access TEXT,                -- granted, denied or unknown
    file TEXT,                  -- where the row stands in the badge export
    line INTEGER,
    extras TEXT NOT NULL,       -- the export's further columns, JSON
    row_sha256 TEXT NOT NULL,   -- of what the row says, without file and line
    added_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);

CREATE TABLE flags (
    id INTEGER PRIMARY KEY,
    event NOT NULL REFERENCES events (event),
    flag TEXT NOT NULL,
    meaning TEXT NOT NULL,
    other_event,                -- the label of the event that is the evidence; it need not be in the case
    added_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);
CREATE INDEX flags_by_event ON flags (event);

CREATE TABLE images (
    sha256 TEXT NOT NULL PRIMARY KEY,
    path TEXT NOT NULL,         -- below the folder of the case
    bytes INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    added_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);

CREATE TABLE cardholders (
    id INTEGER PRIMARY KEY,
    cardholder_id TEXT NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    department TEXT NOT NULL,
    note TEXT NOT NULL,         -- what the directory did not have, and why
    photo TEXT REFERENCES images (sha256),
    added_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);
CREATE INDEX cardholders_by_number ON cardholders (cardholder_id);

CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY,
    event NOT NULL REFERENCES events (event),
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,       -- why there is no picture
    door TEXT,
    vendor TEXT,
    camera_id TEXT,
    camera_name TEXT,
    clock_offset_s REAL,        -- the reader's clock minus the camera's
    at TEXT,                    -- the moment of the event by the camera's clock
    requested_at TEXT,          -- the moment asked for
    captured_at TEXT,           -- the moment the vendor says it shows
    step_s REAL,                -- requested_at minus at: 0 for the event itself, -5 for five seconds before
    offset_s REAL,              -- captured_at minus at
    retrieved_at TEXT,          -- when it had arrived, by the clock of the operator's machine
    image TEXT REFERENCES images (sha256),
    cardholder INTEGER REFERENCES cardholders (id),
    added_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL,
    CHECK ((outcome = 'picture') = (image IS NOT NULL))
);
CREATE INDEX snapshots_by_event ON snapshots (event);

CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    snapshot INTEGER NOT NULL REFERENCES snapshots (id),
    method TEXT NOT NULL,
    url TEXT NOT NULL,          -- without secrets
    status INTEGER NOT NULL,
    length INTEGER,             -- bytes of the answer's body, missing where the server did not say
    sha256 TEXT,                -- of the answer's body, missing where a body with a secret in it was not kept
    server_date TEXT,           -- the server's clock, as its Date header said
    sent_at TEXT NOT NULL,      -- the clock of the operator's machine
    received_at TEXT NOT NULL
);
CREATE INDEX requests_by_snapshot ON requests (snapshot);

CREATE TABLE choices (
    id INTEGER PRIMARY KEY,
    event NOT NULL REFERENCES events (event),
    image TEXT NOT NULL REFERENCES images (sha256),
    chosen_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);
CREATE INDEX choices_by_event ON choices (event);

CREATE TABLE verdicts (
    id INTEGER PRIMARY KEY,
    event NOT NULL REFERENCES events (event),
    verdict TEXT NOT NULL CHECK (verdict IN ('match', 'mismatch', 'unclear', 'nobody')),
    note TEXT NOT NULL,
    image TEXT REFERENCES images (sha256),  -- the picture that was looked at
    decided_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);
CREATE INDEX verdicts_by_event ON verdicts (event);

-- One link for each row of the tables above, in the order they were added. The last one is the case's seal.
CREATE TABLE chain (
    number INTEGER PRIMARY KEY,
    table_name TEXT NOT NULL,
    row_key NOT NULL,           -- the row's primary key
    sha256 TEXT NOT NULL        -- of ["the sha256 before", "table_name", all columns], JSON without spaces in UTF-8
);

-- The picture of each event: the one chosen last, else the one asked for nearest to the event.
CREATE VIEW chosen AS
SELECT * FROM (
    SELECT snapshots.*, row_number() OVER (
        PARTITION BY snapshots.event
        ORDER BY snapshots.image IS NOT last.image, abs(step_s), snapshots.id
    ) AS place
    FROM snapshots
    LEFT JOIN (SELECT event, image, max(id) FROM choices GROUP BY event) AS last USING (event)
    WHERE snapshots.image IS NOT NULL
) WHERE place = 1;

-- The directory's entry for each event: the latest that lacks nothing, else the latest.
CREATE VIEW entries AS
SELECT * FROM (
    SELECT snapshots.event, cardholders.*, row_number() OVER (
        PARTITION BY snapshots.event ORDER BY note <> '', snapshots.id DESC
    ) AS place
    FROM snapshots JOIN cardholders ON cardholders.id = snapshots.cardholder
) WHERE place = 1;

-- Each event with its picture, its directory entry and its latest verdict.
CREATE VIEW overview AS
SELECT
    events.event, events.event_time, events.timezone, events.cardholder_id,
    entries.name, entries.title, entries.department, entries.note AS directory_note, entries.photo,
    events.reader_id, latest.door, latest.vendor, latest.camera_id, latest.camera_name, events.access,
    CASE WHEN chosen.image IS NULL THEN latest.outcome ELSE 'picture' END AS outcome,
    CASE WHEN chosen.image IS NULL THEN latest.reason ELSE '' END AS reason,
    coalesce(tries.pictures, 0) AS pictures,
    chosen.image AS sha256, chosen.id AS snapshot, coalesce(chosen.clock_offset_s, latest.clock_offset_s) AS clock_offset_s,
    chosen.requested_at, chosen.captured_at, chosen.retrieved_at, chosen.step_s, chosen.offset_s,
    coalesce(chosen.captured_at, chosen.requested_at) AS seen_at,
    (
        SELECT group_concat(said, '; ') FROM (
            SELECT meaning || iif(other_event IS NULL, '', ' (event ' || other_event || ')') AS said
            FROM flags WHERE flags.event = events.event ORDER BY id
        )
    ) AS flags,
    verdicts.verdict, verdicts.note, verdicts.decided_at, verdicts.operator,
    events.file, events.line, events.extras
FROM events
LEFT JOIN (
    SELECT event, max(id) AS id, count(DISTINCT image) AS pictures FROM snapshots GROUP BY event
) AS tries USING (event)
LEFT JOIN snapshots AS latest ON latest.id = tries.id
LEFT JOIN chosen ON chosen.event = events.event
LEFT JOIN entries ON entries.event = events.event
LEFT JOIN (SELECT event, max(id) AS id FROM verdicts GROUP BY event) AS last ON last.event = events.event
LEFT JOIN verdicts ON verdicts.id = last.id
ORDER BY events.rowid;

CREATE TRIGGER about_no_update BEFORE UPDATE ON about
BEGIN SELECT RAISE(ABORT, 'about: rows are only ever added'); END;
CREATE TRIGGER about_no_delete BEFORE DELETE ON about
BEGIN SELECT RAISE(ABORT, 'about: rows are only ever added'); END;
CREATE TRIGGER about_no_replace BEFORE INSERT ON about
WHEN EXISTS (SELECT 1 FROM about WHERE id = NEW.id OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'about: rows are only ever added'); END;

CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events: rows are only ever added'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events: rows are only ever added'); END;
CREATE TRIGGER events_no_replace BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE event = NEW.event OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'events: rows are only ever added'); END;

CREATE TRIGGER flags_no_update BEFORE UPDATE ON flags
BEGIN SELECT RAISE(ABORT, 'flags: rows are only ever added'); END;
CREATE TRIGGER flags_no_delete BEFORE DELETE ON flags
BEGIN SELECT RAISE(ABORT, 'flags: rows are only ever added'); END;
CREATE TRIGGER flags_no_replace BEFORE INSERT ON flags
WHEN EXISTS (SELECT 1 FROM flags WHERE id = NEW.id OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'flags: rows are only ever added'); END;

CREATE TRIGGER images_no_update BEFORE UPDATE ON images
BEGIN SELECT RAISE(ABORT, 'images: rows are only ever added'); END;
CREATE TRIGGER images_no_delete BEFORE DELETE ON images
BEGIN SELECT RAISE(ABORT, 'images: rows are only ever added'); END;
CREATE TRIGGER images_no_replace BEFORE INSERT ON images
WHEN EXISTS (SELECT 1 FROM images WHERE sha256 = NEW.sha256 OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'images: rows are only ever added'); END;

CREATE TRIGGER cardholders_no_update BEFORE UPDATE ON cardholders
BEGIN SELECT RAISE(ABORT, 'cardholders: rows are only ever added'); END;
CREATE TRIGGER cardholders_no_delete BEFORE DELETE ON cardholders
BEGIN SELECT RAISE(ABORT, 'cardholders: rows are only ever added'); END;
CREATE TRIGGER cardholders_no_replace BEFORE INSERT ON cardholders
WHEN EXISTS (SELECT 1 FROM cardholders WHERE id = NEW.id OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'cardholders: rows are only ever added'); END;

CREATE TRIGGER snapshots_no_update BEFORE UPDATE ON snapshots
BEGIN SELECT RAISE(ABORT, 'snapshots: rows are only ever added'); END;
CREATE TRIGGER snapshots_no_delete BEFORE DELETE ON snapshots
BEGIN SELECT RAISE(ABORT, 'snapshots: rows are only ever added'); END;
CREATE TRIGGER snapshots_no_replace BEFORE INSERT ON snapshots
WHEN EXISTS (SELECT 1 FROM snapshots WHERE id = NEW.id OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'snapshots: rows are only ever added'); END;

CREATE TRIGGER requests_no_update BEFORE UPDATE ON requests
BEGIN SELECT RAISE(ABORT, 'requests: rows are only ever added'); END;
CREATE TRIGGER requests_no_delete BEFORE DELETE ON requests
BEGIN SELECT RAISE(ABORT, 'requests: rows are only ever added'); END;
CREATE TRIGGER requests_no_replace BEFORE INSERT ON requests
WHEN EXISTS (SELECT 1 FROM requests WHERE id = NEW.id OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'requests: rows are only ever added'); END;

CREATE TRIGGER choices_no_update BEFORE UPDATE ON choices
BEGIN SELECT RAISE(ABORT, 'choices: rows are only ever added'); END;
CREATE TRIGGER choices_no_delete BEFORE DELETE ON choices
BEGIN SELECT RAISE(ABORT, 'choices: rows are only ever added'); END;
CREATE TRIGGER choices_no_replace BEFORE INSERT ON choices
WHEN EXISTS (SELECT 1 FROM choices WHERE id = NEW.id OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'choices: rows are only ever added'); END;

CREATE TRIGGER verdicts_no_update BEFORE UPDATE ON verdicts
BEGIN SELECT RAISE(ABORT, 'verdicts: rows are only ever added'); END;
CREATE TRIGGER verdicts_no_delete BEFORE DELETE ON verdicts
BEGIN SELECT RAISE(ABORT, 'verdicts: rows are only ever added'); END;
CREATE TRIGGER verdicts_no_replace BEFORE INSERT ON verdicts
WHEN EXISTS (SELECT 1 FROM verdicts WHERE id = NEW.id OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'verdicts: rows are only ever added'); END;

CREATE TRIGGER chain_no_update BEFORE UPDATE ON chain
BEGIN SELECT RAISE(ABORT, 'chain: rows are only ever added'); END;
CREATE TRIGGER chain_no_delete BEFORE DELETE ON chain
BEGIN SELECT RAISE(ABORT, 'chain: rows are only ever added'); END;
CREATE TRIGGER chain_no_replace BEFORE INSERT ON chain
WHEN EXISTS (SELECT 1 FROM chain WHERE number = NEW.number OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'chain: rows are only ever added'); END;

PRAGMA application_id = 0x63616D6B;  -- the letters "camk"
PRAGMA user_version = 2;
