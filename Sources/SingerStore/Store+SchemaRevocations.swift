internal import GRDB
internal import SingerCore

extension Store {
    /// The eighth kind of entry, and what it does.
    ///
    /// SQLite cannot change a CHECK, so the table of entries is built again around its rows. Their ids stay, and so does the last id
    /// that was ever given: sessions hold their place by them. The migrator checks all foreign keys before it commits.
    static func addRevocations(_ db: Database) throws {
        let lastID = try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'entry'")
        try db.execute(sql: rebuiltEntry)
        if let lastID {
            try db.execute(sql: "DELETE FROM sqlite_sequence WHERE name = 'entry'")
            try db.execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('entry', ?)", arguments: [lastID])
        }
        try db.execute(sql: schemaRevocations)
    }

    private static let rebuiltEntry = """
        CREATE TABLE entry_rebuilt (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
            device_id INTEGER NOT NULL REFERENCES device,
            account_id INTEGER NOT NULL REFERENCES account,
            seq INTEGER NOT NULL CHECK (seq >= 1),
            previous BLOB CHECK ((seq = 1) = (previous IS NULL)),
            created INTEGER NOT NULL CHECK (created >= 0),
            kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 8),
            header BLOB NOT NULL,
            signature BLOB NOT NULL CHECK (length(signature) = 64),
            body BLOB CHECK (body IS NOT NULL OR kind = 1),
            -- The account that a follow, a like, a reply or a forward is about.
            target_id INTEGER REFERENCES account,
            UNIQUE (device_id, seq)
        ) STRICT;
        INSERT INTO entry_rebuilt (id, hash, device_id, account_id, seq, previous, created, kind, header, signature, body, target_id)
            SELECT id, hash, device_id, account_id, seq, previous, created, kind, header, signature, body, target_id FROM entry ORDER BY id;
        DROP TABLE entry;
        ALTER TABLE entry_rebuilt RENAME TO entry;
        CREATE INDEX entry_target ON entry (target_id, id) WHERE target_id IS NOT NULL;
        CREATE TRIGGER deleted_body_stays_away BEFORE UPDATE OF body ON entry
            WHEN NEW.body IS NOT NULL AND EXISTS (SELECT 1 FROM deletion WHERE target = NEW.hash AND account_id = NEW.account_id)
            BEGIN SELECT RAISE(ABORT, 'the body of a deleted post does not come back'); END;
        """

    private static let schemaRevocations = """
        -- Of each device the strictest that was heard. The device itself may be unknown here yet.
        CREATE TABLE revocation (
            account_id INTEGER NOT NULL REFERENCES account,
            device BLOB NOT NULL CHECK (length(device) = 32),
            last_seq INTEGER NOT NULL CHECK (last_seq >= 0),
            created INTEGER NOT NULL CHECK (created >= 0),
            PRIMARY KEY (account_id, device)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER revocation_stays BEFORE DELETE ON revocation
            BEGIN SELECT RAISE(ABORT, 'a revocation is not taken back'); END;
        CREATE TRIGGER revocation_grows_stricter BEFORE UPDATE ON revocation WHEN NEW.last_seq > OLD.last_seq
            BEGIN SELECT RAISE(ABORT, 'a revocation is not taken back'); END;

        -- The same beside the device, where entries look for it: what of its log is behind this number is void.
        ALTER TABLE device ADD COLUMN revoked_after INTEGER CHECK (revoked_after >= 0);
        CREATE TRIGGER revocation_reaches_device AFTER INSERT ON revocation
            BEGIN UPDATE device SET revoked_after = NEW.last_seq WHERE key = NEW.device AND account_id = NEW.account_id; END;
        CREATE TRIGGER stricter_revocation_reaches_device AFTER UPDATE ON revocation
            BEGIN UPDATE device SET revoked_after = NEW.last_seq WHERE key = NEW.device AND account_id = NEW.account_id; END;
        CREATE TRIGGER device_was_revoked_before AFTER INSERT ON device
            WHEN EXISTS (SELECT 1 FROM revocation WHERE account_id = NEW.account_id AND device = NEW.key)
            BEGIN
                UPDATE device SET revoked_after = (SELECT last_seq FROM revocation WHERE account_id = NEW.account_id AND device = NEW.key)
                WHERE id = NEW.id;
            END;
        CREATE TRIGGER revoked_device_stays_revoked BEFORE UPDATE OF revoked_after ON device
            WHEN OLD.revoked_after IS NOT NULL AND (NEW.revoked_after IS NULL OR NEW.revoked_after > OLD.revoked_after)
            BEGIN SELECT RAISE(ABORT, 'a revocation is not taken back'); END;

        -- A void post is not shown, whichever came first.
        CREATE TRIGGER void_posts_go AFTER UPDATE OF revoked_after ON device
            BEGIN DELETE FROM post WHERE entry_id IN (SELECT id FROM entry WHERE device_id = NEW.id AND seq > NEW.revoked_after); END;
        CREATE TRIGGER void_post_stays_away BEFORE INSERT ON post
            WHEN EXISTS (SELECT 1 FROM device WHERE id = NEW.device_id AND revoked_after < NEW.seq)
            BEGIN SELECT RAISE(ABORT, 'a post of a revoked device is not shown'); END;
        CREATE TRIGGER post_text_delete AFTER DELETE ON post BEGIN
            INSERT INTO post_text (post_text, rowid, text) VALUES ('delete', OLD.entry_id, OLD.text);
        END;
        CREATE INDEX post_forward ON post (forward) WHERE forward IS NOT NULL;
        """
}
