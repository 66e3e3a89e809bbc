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
    camera_rank INTEGER NOT NULL  -- 0 for the door's main camera, 1 for the next one
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

DROP VIEW overview;
DROP VIEW chosen;

CREATE VIEW results AS
-- Each snapshot with its view. "result" is what came of asking the camera; the table snapshots calls it "outcome".
SELECT
    snapshots.id, snapshots.event, snapshots.outcome AS result, snapshots.reason, snapshots.door,
    camera_views.view, ifnull(camera_views.camera_rank, 0) AS camera_rank,
    snapshots.vendor, snapshots.camera_id, snapshots.camera_name, snapshots.clock_offset_s,
    snapshots.at, snapshots.requested_at, snapshots.captured_at, snapshots.step_s, snapshots.offset_s,
    snapshots.retrieved_at, snapshots.image, snapshots.cardholder,
    snapshots.added_at, snapshots.operator, snapshots.software
FROM snapshots LEFT JOIN camera_views ON camera_views.snapshot = snapshots.id;

CREATE VIEW chosen AS
-- The snapshot that stands for each event: the picture chosen last, else the picture of the first camera that has one,
-- asked for nearest to the event, of those the latest; without any picture, the latest attempt at the main camera.
SELECT * FROM (
    SELECT results.*, row_number() OVER (
        PARTITION BY results.event
        ORDER BY
            results.image IS NULL, results.image IS NOT last.image, results.camera_rank,
            iif(results.image IS NULL, -results.id, abs(results.step_s)), -results.id
    ) AS place
    FROM results
    LEFT JOIN (SELECT event, image, max(id) FROM choices GROUP BY event) AS last USING (event)
) WHERE place = 1;

CREATE VIEW overview AS
-- Each event with the snapshot that stands for it, its directory entry and its latest verdict.
-- "outcome" is what the reader did; the table events calls it "access".
SELECT
    events.event, events.event_time, events.timezone, events.cardholder_id,
    entries.name, entries.title, entries.department, entries.note AS directory_note, entries.photo,
    events.reader_id, chosen.door, chosen.view, chosen.vendor, chosen.camera_id, chosen.camera_name,
    events.access AS outcome, chosen.result, chosen.reason,
    (SELECT count(DISTINCT image) FROM snapshots WHERE snapshots.event = events.event) AS pictures,
    chosen.image AS sha256, iif(chosen.image IS NULL, NULL, chosen.id) AS snapshot, chosen.clock_offset_s,
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
LEFT JOIN chosen ON chosen.event = events.event
LEFT JOIN entries ON entries.event = events.event
LEFT JOIN (SELECT event, max(id) AS id FROM verdicts GROUP BY event) AS last ON last.event = events.event
LEFT JOIN verdicts ON verdicts.id = last.id
ORDER BY events.rowid;

PRAGMA user_version = 3;
