"""The store's schema as numbered migrations, each a tuple of SQL statements."""

_COLUMNS = """
    image TEXT NOT NULL, frame INTEGER NOT NULL, lesion INTEGER NOT NULL DEFAULT 1,
    rows INTEGER NOT NULL, columns INTEGER NOT NULL, pixels BLOB NOT NULL,
    author TEXT NOT NULL, source TEXT NOT NULL, notes TEXT NOT NULL, comment TEXT NOT NULL,
    changed TEXT NOT NULL, edition TEXT NOT NULL
"""

_LESION_IN_5 = "image frame lesion rows columns pixels author source notes comment changed edition described"
_SUMMED_IN_5 = {
    "lesion": _LESION_IN_5,
    "superseded": _LESION_IN_5,
    "reading": "sitting image frame lesion begun asked skipped first first_seconds category probability ai_seconds model "
    "weights_sha256 mask_sha256 final final_seconds guard",
    "pathology": "image frame lesion found",
    "caliper": "image frame calipers",
    "examination": "key said",
}

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        f"CREATE TABLE lesion ({_COLUMNS}, PRIMARY KEY (image, frame, lesion))",
        # Rows that were replaced unseen: see `lesions.put`.
        f"CREATE TABLE superseded (number INTEGER PRIMARY KEY, {_COLUMNS})",
    ),
    (
        # One row per assessment of a lesion: see `assessments`.
        """CREATE TABLE reading (
            sitting TEXT PRIMARY KEY, image TEXT NOT NULL, frame INTEGER NOT NULL, lesion INTEGER NOT NULL,
            begun TEXT NOT NULL, asked INTEGER NOT NULL, skipped INTEGER NOT NULL,
            first TEXT, first_seconds REAL,
            category TEXT, probability REAL, ai_seconds REAL, model TEXT, weights_sha256 TEXT, mask_sha256 TEXT,
            final TEXT, final_seconds REAL, guard TEXT NOT NULL
        )""",
        """CREATE TABLE pathology (
            image TEXT NOT NULL, frame INTEGER NOT NULL, lesion INTEGER NOT NULL, found TEXT NOT NULL,
            PRIMARY KEY (image, frame, lesion)
        )""",
    ),
    (
        # The description of a lesion: see `lesions`.
        *(f"ALTER TABLE {table} ADD COLUMN described TEXT NOT NULL DEFAULT ''" for table in ("lesion", "superseded")),
        # One row per image: see `calipers`.
        """CREATE TABLE caliper (
            image TEXT NOT NULL, frame INTEGER NOT NULL, calipers TEXT NOT NULL, PRIMARY KEY (image, frame)
        )""",
    ),
    (
        # Indication, comparison and technique, one row per examination: see `examinations`.
        "CREATE TABLE examination (key TEXT PRIMARY KEY, said TEXT NOT NULL)",
    ),
    (
        # Every row has a checksum: see `sums`.
        *(f"ALTER TABLE {table} ADD COLUMN sum TEXT NOT NULL DEFAULT ''" for table in _SUMMED_IN_5),
        *(
            f"UPDATE {table} SET sum = row_sum('{table}', "
            + ", ".join(f"'{name}', {name}" for name in names.split())
            + ")"
            for table, names in _SUMMED_IN_5.items()
        ),
        """CREATE TABLE spoilt (
            number INTEGER PRIMARY KEY, kind TEXT NOT NULL, content TEXT NOT NULL, found TEXT NOT NULL,
            sum TEXT NOT NULL DEFAULT ''
        )""",
        # The number of rows, so that lost rows are noticed. `mirror` is -entries, which reveals a flipped bit.
        "CREATE TABLE tally (kind TEXT PRIMARY KEY, entries INTEGER NOT NULL, mirror INTEGER NOT NULL)",
        *(f"INSERT INTO tally SELECT '{table}', count(*), -count(*) FROM {table}" for table in _SUMMED_IN_5),
        *(
            f"CREATE TRIGGER {table}_{event.lower()} AFTER {event} ON {table} BEGIN UPDATE tally SET "
            f"entries = entries {sign} 1, mirror = -(entries {sign} 1) WHERE kind = '{table}'; END"
            for table in _SUMMED_IN_5
            for event, sign in (("INSERT", "+"), ("DELETE", "-"))
        ),
    ),
)
"""The steps from each schema to the next. A released step never changes; their number is in `user_version`."""
