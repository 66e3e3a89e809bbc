-- Version 3: what it adds to version 2. It changes no table of version 2, so every link of the chain stays as it was.
-- A new case runs 2.sql and then this; a case of version 2 runs this when it is upgraded.

CREATE TABLE upgrades (
    id INTEGER PRIMARY KEY,
    from_version INTEGER NOT NULL,
    to_version INTEGER NOT NULL,
    seal TEXT NOT NULL,           -- the case's seal before the upgrade
    schema_sha256 TEXT NOT NULL,  -- of "sql" in sqlite_master before the upgrade, by type and name, one line end between
    upgraded_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);

-- Which of a door's cameras a snapshot is from. Its link of the chain directly follows the snapshot's, so no snapshot
-- can get a view later. One without a row here was added before the upgrade, and is from the main camera.
CREATE TABLE camera_views (
    snapshot INTEGER PRIMARY KEY REFERENCES snapshots (id),
    view TEXT,                    -- the camera's name at its door, such as "inside"
    camera_rank INTEGER NOT NULL, -- 0 for the door's main camera, 1 for the next one
    is_demo INTEGER NOT NULL      -- 1 if the picture is drawn by the demo site
);

-- The verdicts that can be given in this case.
CREATE TABLE verdict_labels (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,          -- how it is shown
    meaning TEXT NOT NULL,
    key TEXT NOT NULL,            -- on the keyboard
    needs_picture INTEGER,        -- 1: only about a picture; 0: only without one; missing: either
    added_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);

-- Every verdict that was given since version 3; those of version 2 are in the table verdicts.
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    event NOT NULL REFERENCES events (event),
    verdict TEXT NOT NULL REFERENCES verdict_labels (name),
    image TEXT REFERENCES images (sha256),      -- the picture that was looked at
    choice INTEGER REFERENCES choices (id),     -- the choice of that picture, if it was made with the verdict
    decided_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);
CREATE INDEX decisions_by_event ON decisions (event);

-- The verdicts that were taken back at once, by whoever had given them: slips.
CREATE TABLE withdrawals (
    decision INTEGER PRIMARY KEY REFERENCES decisions (id),
    withdrawn_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);

-- What an operator noted on an event; the latest of each operator counts, an empty one says nothing.
CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    event NOT NULL REFERENCES events (event),
    note TEXT NOT NULL,
    noted_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);
CREATE INDEX notes_by_event ON notes (event);

-- Which events are left out of reports and bags, and why; the latest row of each event counts.
CREATE TABLE exclusions (
    id INTEGER PRIMARY KEY,
    event NOT NULL,               -- its row is not in a copy that is handed over
    is_excluded INTEGER NOT NULL CHECK (is_excluded IN (0, 1)),
    reason TEXT NOT NULL,
    belongs TEXT,                 -- the keys of the rows about the event by then, by table; JSON
    excluded_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);
CREATE INDEX exclusions_by_event ON exclusions (event);

-- The event that a flag rests on, in words, since it need not be in the case.
CREATE TABLE flag_evidence (
    flag INTEGER PRIMARY KEY REFERENCES flags (id),
    description TEXT NOT NULL,
    added_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);

-- The files that the case rests on, unchanged.
CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,           -- badge export, doors, or rows that are not events
    name TEXT NOT NULL,           -- the file's own name
    sha256 TEXT NOT NULL,
    path TEXT NOT NULL,           -- below the folder of the case
    bytes INTEGER NOT NULL,
    added_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);

-- How the badge log was read, the flags were set, and where the pictures are from. The latest row of each name counts.
CREATE TABLE settings (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    value TEXT NOT NULL,          -- JSON
    added_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    software TEXT NOT NULL
);

-- Only in a copy that is handed over: the rows about excluded events, which are not in it. Their links of the chain are.
CREATE TABLE left_out (
    table_name TEXT NOT NULL,
    row_key NOT NULL,
    PRIMARY KEY (table_name, row_key)
);

CREATE TRIGGER upgrades_no_update BEFORE UPDATE ON upgrades
BEGIN SELECT RAISE(ABORT, 'upgrades: rows are only ever added'); END;
CREATE TRIGGER upgrades_no_delete BEFORE DELETE ON upgrades
BEGIN SELECT RAISE(ABORT, 'upgrades: rows are only ever added'); END;
CREATE TRIGGER upgrades_no_replace BEFORE INSERT ON upgrades
WHEN EXISTS (SELECT 1 FROM upgrades WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'upgrades: rows are only ever added'); END;

CREATE TRIGGER camera_views_no_update BEFORE UPDATE ON camera_views
BEGIN SELECT RAISE(ABORT, 'camera_views: rows are only ever added'); END;
CREATE TRIGGER camera_views_no_delete BEFORE DELETE ON camera_views
BEGIN SELECT RAISE(ABORT, 'camera_views: rows are only ever added'); END;
CREATE TRIGGER camera_views_no_replace BEFORE INSERT ON camera_views
WHEN EXISTS (SELECT 1 FROM camera_views WHERE snapshot = NEW.snapshot)
BEGIN SELECT RAISE(ABORT, 'camera_views: rows are only ever added'); END;

CREATE TRIGGER verdict_labels_no_update BEFORE UPDATE ON verdict_labels
BEGIN SELECT RAISE(ABORT, 'verdict_labels: rows are only ever added'); END;
CREATE TRIGGER verdict_labels_no_delete BEFORE DELETE ON verdict_labels
BEGIN SELECT RAISE(ABORT, 'verdict_labels: rows are only ever added'); END;
CREATE TRIGGER verdict_labels_no_replace BEFORE INSERT ON verdict_labels
WHEN EXISTS (SELECT 1 FROM verdict_labels WHERE id = NEW.id OR name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'verdict_labels: rows are only ever added'); END;

CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions: rows are only ever added'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions: rows are only ever added'); END;
CREATE TRIGGER decisions_no_replace BEFORE INSERT ON decisions
WHEN EXISTS (SELECT 1 FROM decisions WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'decisions: rows are only ever added'); END;

CREATE TRIGGER withdrawals_in_time BEFORE INSERT ON withdrawals
WHEN NOT EXISTS (
    SELECT 1 FROM judged WHERE decision = NEW.decision AND operator = NEW.operator
    AND NEW.withdrawn_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]Z'
    AND NEW.withdrawn_at >= decided_at AND julianday(NEW.withdrawn_at) - julianday(decided_at) < 6 / 86400.0
    AND id = (SELECT max(id) FROM judged AS other WHERE other.event = judged.event AND other.operator = NEW.operator)
)
BEGIN SELECT RAISE(ABORT, 'withdrawals: only the own latest verdict, within seconds'); END;

CREATE TRIGGER withdrawals_no_update BEFORE UPDATE ON withdrawals
BEGIN SELECT RAISE(ABORT, 'withdrawals: rows are only ever added'); END;
CREATE TRIGGER withdrawals_no_delete BEFORE DELETE ON withdrawals
BEGIN SELECT RAISE(ABORT, 'withdrawals: rows are only ever added'); END;
CREATE TRIGGER withdrawals_no_replace BEFORE INSERT ON withdrawals
WHEN EXISTS (SELECT 1 FROM withdrawals WHERE decision = NEW.decision)
BEGIN SELECT RAISE(ABORT, 'withdrawals: rows are only ever added'); END;

CREATE TRIGGER notes_no_update BEFORE UPDATE ON notes
BEGIN SELECT RAISE(ABORT, 'notes: rows are only ever added'); END;
CREATE TRIGGER notes_no_delete BEFORE DELETE ON notes
BEGIN SELECT RAISE(ABORT, 'notes: rows are only ever added'); END;
CREATE TRIGGER notes_no_replace BEFORE INSERT ON notes
WHEN EXISTS (SELECT 1 FROM notes WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'notes: rows are only ever added'); END;

CREATE TRIGGER exclusions_no_update BEFORE UPDATE ON exclusions
BEGIN SELECT RAISE(ABORT, 'exclusions: rows are only ever added'); END;
CREATE TRIGGER exclusions_no_delete BEFORE DELETE ON exclusions
BEGIN SELECT RAISE(ABORT, 'exclusions: rows are only ever added'); END;
CREATE TRIGGER exclusions_no_replace BEFORE INSERT ON exclusions
WHEN EXISTS (SELECT 1 FROM exclusions WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'exclusions: rows are only ever added'); END;

CREATE TRIGGER flag_evidence_no_update BEFORE UPDATE ON flag_evidence
BEGIN SELECT RAISE(ABORT, 'flag_evidence: rows are only ever added'); END;
CREATE TRIGGER flag_evidence_no_delete BEFORE DELETE ON flag_evidence
BEGIN SELECT RAISE(ABORT, 'flag_evidence: rows are only ever added'); END;
CREATE TRIGGER flag_evidence_no_replace BEFORE INSERT ON flag_evidence
WHEN EXISTS (SELECT 1 FROM flag_evidence WHERE flag = NEW.flag)
BEGIN SELECT RAISE(ABORT, 'flag_evidence: rows are only ever added'); END;

CREATE TRIGGER documents_no_update BEFORE UPDATE ON documents
BEGIN SELECT RAISE(ABORT, 'documents: rows are only ever added'); END;
CREATE TRIGGER documents_no_delete BEFORE DELETE ON documents
BEGIN SELECT RAISE(ABORT, 'documents: rows are only ever added'); END;
CREATE TRIGGER documents_no_replace BEFORE INSERT ON documents
WHEN EXISTS (SELECT 1 FROM documents WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'documents: rows are only ever added'); END;

CREATE TRIGGER settings_no_update BEFORE UPDATE ON settings
BEGIN SELECT RAISE(ABORT, 'settings: rows are only ever added'); END;
CREATE TRIGGER settings_no_delete BEFORE DELETE ON settings
BEGIN SELECT RAISE(ABORT, 'settings: rows are only ever added'); END;
CREATE TRIGGER settings_no_replace BEFORE INSERT ON settings
WHEN EXISTS (SELECT 1 FROM settings WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'settings: rows are only ever added'); END;

CREATE TRIGGER copies_stay BEFORE INSERT ON chain
WHEN EXISTS (SELECT 1 FROM left_out)
BEGIN SELECT RAISE(ABORT, 'this is a copy that was handed over, without the excluded events; add to the case itself'); END;

DROP VIEW overview;
DROP VIEW chosen;

CREATE VIEW results AS
-- Each snapshot with its view. "result" is what came of asking the camera; the table snapshots calls it "outcome".
SELECT
    snapshots.id, snapshots.event, snapshots.outcome AS result, snapshots.reason, snapshots.door,
    camera_views.view, ifnull(camera_views.camera_rank, 0) AS camera_rank,
    snapshots.vendor, snapshots.camera_id, snapshots.camera_name, snapshots.clock_offset_s,
    snapshots.at, snapshots.requested_at, snapshots.captured_at, snapshots.step_s, snapshots.offset_s,
    snapshots.retrieved_at, snapshots.image, snapshots.cardholder, ifnull(camera_views.is_demo, 0) AS is_demo,
    snapshots.added_at, snapshots.operator, snapshots.software
FROM snapshots LEFT JOIN camera_views ON camera_views.snapshot = snapshots.id;

CREATE VIEW judged AS
-- Every verdict that was not taken back, in the order given. "decision" is its number in the table decisions.
SELECT id, NULL AS decision, event, verdict, image, decided_at, operator, software FROM verdicts
UNION ALL
SELECT id + (SELECT ifnull(max(id), 0) FROM verdicts), id, event, verdict, image, decided_at, operator, software
FROM decisions WHERE id NOT IN (SELECT decision FROM withdrawals);

CREATE VIEW noted AS
-- Each operator's latest note on an event, unless it is empty. Until version 2, a note was part of a verdict.
SELECT event, note, noted_at, operator FROM (
    SELECT *, row_number() OVER (PARTITION BY event, operator ORDER BY version DESC, id DESC) AS place FROM (
        SELECT 2 AS version, id, event, note, decided_at AS noted_at, operator FROM verdicts
        UNION ALL SELECT 3, id, event, note, noted_at, operator FROM notes
    )
) WHERE place = 1 AND note <> '';

CREATE VIEW opinions AS
-- Each operator's latest verdict on an event, with their note.
SELECT latest.id, latest.event, latest.verdict, noted.note, latest.image, latest.decided_at, latest.operator FROM (
    SELECT *, row_number() OVER (PARTITION BY event, operator ORDER BY id DESC) AS place FROM judged
) AS latest
LEFT JOIN noted ON noted.event = latest.event AND noted.operator = latest.operator
WHERE latest.place = 1;

CREATE VIEW excluded AS
-- The events that are left out at present.
SELECT event, reason, excluded_at, operator FROM (
    SELECT *, row_number() OVER (PARTITION BY event ORDER BY id DESC) AS place FROM exclusions
) WHERE place = 1 AND is_excluded;

CREATE VIEW last_choices AS
-- The picture of each event that was chosen last, without the choices that were taken back with their verdicts.
SELECT event, image, max(id) AS id FROM choices WHERE id NOT IN (
    SELECT choice FROM decisions JOIN withdrawals ON decision = decisions.id WHERE choice IS NOT NULL
) GROUP BY event;

CREATE VIEW chosen AS
-- The snapshot that stands for each event: the picture chosen last, else the picture of the first camera that has one,
-- asked for nearest to the event, of those the latest; without any picture, the latest attempt at the main camera.
-- Of several snapshots with the same picture the first one stands: what is added later does not change a picture's time.
SELECT * FROM (
    SELECT results.*, row_number() OVER (
        PARTITION BY results.event
        ORDER BY
            results.image IS NULL, results.image IS NOT last.image, results.camera_rank,
            iif(results.image IS NULL, -results.id, abs(results.step_s)), -results.id
    ) AS place
    FROM results
    LEFT JOIN last_choices AS last USING (event)
    WHERE results.image IS NULL OR results.id = (
        SELECT min(id) FROM snapshots AS same WHERE same.event = results.event AND same.image = results.image
    )
) WHERE place = 1;

CREATE VIEW overview AS
-- Each event with the snapshot that stands for it, its directory entry, and what its reviewers say.
-- "entry_changed" is 1 if that entry was recorded after the latest verdict, whose reviewer saw another one, or none.
-- "outcome" is what the reader did; the table events calls it "access". If reviewers disagree, the verdict is "disputed".
SELECT
    events.event, events.event_time, events.timezone, events.cardholder_id,
    entries.name, entries.title, entries.department, entries.note AS directory_note, entries.photo,
    said.decided_at IS NOT NULL AND said.decided_at < (
        SELECT min(added_at) FROM snapshots WHERE snapshots.event = events.event AND cardholder = entries.id
    ) AS entry_changed,
    events.reader_id, chosen.door, chosen.view, chosen.vendor, chosen.camera_id, chosen.camera_name,
    events.access AS outcome, chosen.result, chosen.reason,
    (SELECT count(DISTINCT image) FROM snapshots WHERE snapshots.event = events.event) AS pictures,
    chosen.image AS sha256, iif(chosen.image IS NULL, NULL, chosen.id) AS snapshot, chosen.clock_offset_s,
    chosen.requested_at, chosen.captured_at, chosen.retrieved_at, chosen.step_s, chosen.offset_s,
    coalesce(chosen.captured_at, chosen.requested_at) AS seen_at,
    (
        SELECT group_concat(meaning, '; ') FROM (
            SELECT DISTINCT meaning FROM flags WHERE flags.event = events.event ORDER BY id
        )
    ) AS flags,
    said.verdict, (
        SELECT iif(count(*) = 1, note, group_concat(operator || ': ' || note, '; ')) FROM (
            SELECT * FROM noted WHERE noted.event = events.event ORDER BY noted_at
        )
    ) AS note, said.decided_at, said.operator, excluded.reason AS excluded,
    events.file, events.line, events.extras
FROM events
LEFT JOIN chosen ON chosen.event = events.event
LEFT JOIN entries ON entries.event = events.event
LEFT JOIN excluded ON excluded.event = events.event
LEFT JOIN (
    SELECT event, iif(count(DISTINCT verdict) = 1, verdict, 'disputed') AS verdict, max(decided_at) AS decided_at,
        group_concat(operator, ', ') AS operator
    FROM (SELECT * FROM opinions ORDER BY id) GROUP BY event
) AS said ON said.event = events.event
ORDER BY events.rowid;

PRAGMA user_version = 3;
