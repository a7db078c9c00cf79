internal import GRDB
internal import SingerCore

extension Store {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in try db.execute(sql: schema1) }
        migrator.registerMigration("roaming") { db in try db.execute(sql: schemaRoaming) }
        migrator.registerMigration("clients") { db in try db.execute(sql: schemaClients) }
        migrator.registerMigration("revocations") { db in try addRevocations(db) }
        migrator.registerMigration("large stores") { db in try db.execute(sql: schemaLargeStores) }
        migrator.registerMigration("links") { db in try db.execute(sql: schemaLinks) }
        migrator.registerMigration("late index") { db in try db.execute(sql: schemaLateIndex) }
        migrator.registerMigration("unknown kinds") { db in try allowUnknownKinds(db) }
        migrator.registerMigration("one index of hashes") { db in try keepOneIndexOfHashes(db) }
        // A post that goes takes its words along, and looks through no others.
        migrator.registerMigration("words of a post") { db in try db.execute(sql: "CREATE INDEX word_entry ON word (entry_id)") }
        // Whom a name means is the first of those that bear it, however many do.
        migrator.registerMigration("names") { db in
            try db.execute(sql: "DROP INDEX account_name; CREATE INDEX account_name ON account (folded, pinned DESC, certified DESC)")
        }
        migrator.registerMigration("outbox of a recipient") { db in try db.execute(sql: "CREATE INDEX outbox_recipient ON outbox (recipient_id)") }
        migrator.registerMigration("place of what is deleted") { db in try keepPlaceOfDeleted(db) }
        migrator.registerMigration("words without spaces") { db in try db.execute(sql: schemaSearchableText) }
        migrator.registerMigration("who mutes somebody") { db in try db.execute(sql: "CREATE INDEX mute_muted ON mute (muted_id)") }
        return migrator
    }

    private static let schemaRoaming = """
        -- The sealed root keys of this peer's accounts, as they lie in the DHT, and the withdrawals of those whose passphrase
        -- is no longer good.
        CREATE TABLE roaming (
            account_id INTEGER NOT NULL REFERENCES local_account,
            place BLOB NOT NULL CHECK (length(place) = 20),
            seq INTEGER NOT NULL,
            withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1)),
            envelope BLOB NOT NULL,
            PRIMARY KEY (account_id, place)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX roaming_place ON roaming (account_id) WHERE withdrawn = 0;

        -- When the account came to this peer from another; 0 if it was registered here.
        ALTER TABLE local_account ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
        """

    /// What is asked often is answered out of an index, whatever the number of posts.
    private static let schemaLargeStores = """
        DROP INDEX post_feed;
        -- Counting an account's posts reads no post.
        CREATE INDEX post_feed ON post (account_id, created, deleted, withheld);
        -- A timeline reads the posts that it shows, and no others.
        DROP INDEX post_created;
        CREATE INDEX post_created ON post (created, account_id, withheld);
        CREATE INDEX post_withheld ON post (account_id) WHERE withheld = 1;
        """

    /// The rules stand here, where no code path can forget them.
    private static let schema1 = """
        CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;

        -- Every account this peer has heard of.
        CREATE TABLE account (
            id INTEGER PRIMARY KEY,
            key BLOB NOT NULL UNIQUE CHECK (length(key) = 32),
            name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 24),
            folded TEXT NOT NULL CHECK (folded = lower(name)),
            -- The root key itself says so, in a certificate or a claim; otherwise it is what a follower calls it.
            certified INTEGER NOT NULL CHECK (certified IN (0, 1)),
            -- What this peer means by the name: the first key that claimed it in the DHT when it was asked for, or that was
            -- registered here. It keeps the name.
            pinned INTEGER NOT NULL CHECK (pinned IN (0, 1) AND pinned <= certified)
        ) STRICT;
        CREATE UNIQUE INDEX account_pin ON account (folded) WHERE pinned = 1;
        CREATE INDEX account_name ON account (folded);
        CREATE TRIGGER account_pin_stays BEFORE UPDATE OF key, pinned, folded ON account
            WHEN OLD.key <> NEW.key OR OLD.pinned > NEW.pinned OR (OLD.pinned AND OLD.folded <> NEW.folded)
            BEGIN SELECT RAISE(ABORT, 'a pinned name does not change its key'); END;

        CREATE TRIGGER account_pin_is_not_deleted BEFORE DELETE ON account WHEN OLD.pinned
            BEGIN SELECT RAISE(ABORT, 'a pinned name does not lose its key'); END;

        CREATE TABLE device (
            id INTEGER PRIMARY KEY,
            account_id INTEGER NOT NULL REFERENCES account,
            key BLOB NOT NULL UNIQUE CHECK (length(key) = 32),
            certificate BLOB NOT NULL,
            signature BLOB NOT NULL CHECK (length(signature) = 64),
            quarantined INTEGER NOT NULL DEFAULT 0 CHECK (quarantined IN (0, 1))
        ) STRICT;
        CREATE INDEX device_account ON device (account_id);

        -- The logs. `id` is the order of arrival here: what sessions hold their place in.
        CREATE TABLE entry (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
            device_id INTEGER NOT NULL REFERENCES device,
            account_id INTEGER NOT NULL REFERENCES account,
            seq INTEGER NOT NULL CHECK (seq >= 1),
            previous BLOB CHECK ((seq = 1) = (previous IS NULL)),
            created INTEGER NOT NULL CHECK (created >= 0),
            kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 7),
            header BLOB NOT NULL,
            signature BLOB NOT NULL CHECK (length(signature) = 64),
            body BLOB CHECK (body IS NOT NULL OR kind = 1),
            -- The account that a follow, a like, a reply or a forward is about.
            target_id INTEGER REFERENCES account,
            UNIQUE (device_id, seq)
        ) STRICT;
        CREATE INDEX entry_target ON entry (target_id, id) WHERE target_id IS NOT NULL;

        -- Which sequence numbers of a log are in `entry`: ascending, disjoint, never adjacent. The last range of a log goes up to its last entry:
        -- `last` is brought up to date only when another range is begun behind it.
        CREATE TABLE held (
            device_id INTEGER NOT NULL REFERENCES device,
            first INTEGER NOT NULL,
            last INTEGER NOT NULL CHECK (last >= first),
            PRIMARY KEY (device_id, first)
        ) STRICT, WITHOUT ROWID;

        -- Two entries under one place of one log, as its device signed them: proof against it.
        CREATE TABLE equivocation (
            device_id INTEGER NOT NULL REFERENCES device,
            seq INTEGER NOT NULL,
            header BLOB NOT NULL,
            signature BLOB NOT NULL,
            PRIMARY KEY (device_id, seq, header)
        ) STRICT, WITHOUT ROWID;

        -- Entries dated in the future, as they came; they enter their log when their time has come.
        CREATE TABLE parked (
            hash BLOB PRIMARY KEY,
            due INTEGER NOT NULL,
            entry BLOB NOT NULL
        ) STRICT;
        CREATE INDEX parked_due ON parked (due);

        CREATE TABLE post (
            entry_id INTEGER PRIMARY KEY REFERENCES entry,
            hash BLOB NOT NULL UNIQUE,
            account_id INTEGER NOT NULL REFERENCES account,
            device_id INTEGER NOT NULL REFERENCES device,
            seq INTEGER NOT NULL,
            created INTEGER NOT NULL,
            text TEXT NOT NULL,
            reply_to BLOB CHECK (length(reply_to) = 32),
            forward BLOB CHECK (length(forward) = 32),
            deleted INTEGER NOT NULL CHECK (deleted IN (0, 1) AND (deleted = 0 OR (text = '' AND reply_to IS NULL AND forward IS NULL))),
            -- It came without its body, and its author has not said that it is deleted: not shown until one or the other comes.
            withheld INTEGER NOT NULL CHECK (withheld IN (0, 1) AND (withheld = 0 OR (text = '' AND deleted = 0)))
        ) STRICT;
        CREATE INDEX post_feed ON post (account_id, created);
        CREATE INDEX post_created ON post (created);
        CREATE INDEX post_reply ON post (reply_to) WHERE reply_to IS NOT NULL;

        -- `@name` and `#tag`, folded.
        CREATE TABLE word (
            word TEXT NOT NULL,
            entry_id INTEGER NOT NULL REFERENCES post ON DELETE CASCADE,
            PRIMARY KEY (word, entry_id)
        ) STRICT, WITHOUT ROWID;

        CREATE VIRTUAL TABLE post_text USING fts5 (text, content = 'post', content_rowid = 'entry_id', tokenize = 'unicode61 remove_diacritics 2');
        CREATE TRIGGER post_text_insert AFTER INSERT ON post BEGIN
            INSERT INTO post_text (rowid, text) VALUES (NEW.entry_id, NEW.text);
        END;
        CREATE TRIGGER post_text_update AFTER UPDATE OF text ON post BEGIN
            INSERT INTO post_text (post_text, rowid, text) VALUES ('delete', OLD.entry_id, OLD.text);
            INSERT INTO post_text (rowid, text) VALUES (NEW.entry_id, NEW.text);
        END;

        -- Outlives the entry that it names, which may come later or come again.
        CREATE TABLE deletion (
            target BLOB NOT NULL CHECK (length(target) = 32),
            account_id INTEGER NOT NULL REFERENCES account,
            PRIMARY KEY (target, account_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER deleted_body_stays_away BEFORE UPDATE OF body ON entry
            WHEN NEW.body IS NOT NULL AND EXISTS (SELECT 1 FROM deletion WHERE target = NEW.hash AND account_id = NEW.account_id)
            BEGIN SELECT RAISE(ABORT, 'the body of a deleted post does not come back'); END;

        -- The latest word on each edge.
        CREATE TABLE follow (
            follower_id INTEGER NOT NULL REFERENCES account,
            followee_id INTEGER NOT NULL REFERENCES account CHECK (followee_id <> follower_id),
            following INTEGER NOT NULL CHECK (following IN (0, 1)),
            created INTEGER NOT NULL,
            entry_id INTEGER NOT NULL REFERENCES entry,
            PRIMARY KEY (follower_id, followee_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX follow_followee ON follow (followee_id, following);

        CREATE TABLE reaction (
            target BLOB NOT NULL CHECK (length(target) = 32),
            account_id INTEGER NOT NULL REFERENCES account,
            liked INTEGER NOT NULL CHECK (liked IN (0, 1)),
            created INTEGER NOT NULL,
            PRIMARY KEY (target, account_id)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE profile (
            account_id INTEGER NOT NULL REFERENCES account,
            field TEXT NOT NULL,
            text TEXT NOT NULL,
            created INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            PRIMARY KEY (account_id, field)
        ) STRICT, WITHOUT ROWID;

        -- The accounts of this peer.
        CREATE TABLE local_account (
            account_id INTEGER PRIMARY KEY REFERENCES account,
            device_id INTEGER NOT NULL UNIQUE REFERENCES device,
            salt BLOB NOT NULL,
            work INTEGER NOT NULL,
            box BLOB NOT NULL,
            -- The last arrival that a session of the account was shown.
            seen INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE mute (
            account_id INTEGER NOT NULL REFERENCES local_account,
            muted_id INTEGER NOT NULL REFERENCES account,
            PRIMARY KEY (account_id, muted_id)
        ) STRICT, WITHOUT ROWID;

        -- What the network has yet to acknowledge.
        CREATE TABLE outbox (
            entry_id INTEGER NOT NULL REFERENCES entry,
            recipient_id INTEGER NOT NULL REFERENCES account,
            PRIMARY KEY (entry_id, recipient_id)
        ) STRICT, WITHOUT ROWID;

        -- The newest account record of each device, as it was signed.
        CREATE TABLE record (
            device_id INTEGER PRIMARY KEY REFERENCES device,
            seq INTEGER NOT NULL,
            envelope BLOB NOT NULL
        ) STRICT;

        -- Name claims that this peer keeps alive in the DHT: its own accounts' and those of the followed.
        CREATE TABLE claim (
            account_id INTEGER PRIMARY KEY REFERENCES account,
            seq INTEGER NOT NULL,
            envelope BLOB NOT NULL
        ) STRICT;
        """

    private static let schemaLinks = """
        -- What other peers said they want and hold: `id` is the order of saving.
        CREATE TABLE link_memory (
            id INTEGER PRIMARY KEY,
            node BLOB NOT NULL UNIQUE CHECK (length(node) = 32),
            said BLOB NOT NULL,
            feeds INTEGER NOT NULL CHECK (feeds > 0),
            -- Keys of accounts whose records the peer was sent, as they were after so many changes.
            records BLOB NOT NULL CHECK (length(records) % 32 = 0),
            changes INTEGER NOT NULL
        ) STRICT;

        -- Counts the changes of all records.
        ALTER TABLE record ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX record_changed ON record (changed);

        -- Follower edges of accounts of this peer, as their followers' devices signed them for the DHT.
        CREATE TABLE follower_edge (
            follower_id INTEGER NOT NULL,
            followee_id INTEGER NOT NULL,
            created INTEGER NOT NULL,
            envelope BLOB NOT NULL,
            PRIMARY KEY (follower_id, followee_id),
            FOREIGN KEY (follower_id, followee_id) REFERENCES follow (follower_id, followee_id) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;
        """

    /// Posts enter the index of words many at a time: alone each cost as much there as all the rest of it. What is not in it yet
    /// is behind the last that is, and is no matter to it.
    private static let schemaLateIndex = """
        DROP TRIGGER post_text_insert;
        DROP TRIGGER post_text_update;
        DROP TRIGGER post_text_delete;
        CREATE TRIGGER post_text_update AFTER UPDATE OF text ON post WHEN EXISTS (SELECT 1 FROM post_text_docsize WHERE id = OLD.entry_id) BEGIN
            INSERT INTO post_text (post_text, rowid, text) VALUES ('delete', OLD.entry_id, OLD.text);
            INSERT INTO post_text (rowid, text) VALUES (NEW.entry_id, NEW.text);
        END;
        CREATE TRIGGER post_text_delete AFTER DELETE ON post WHEN EXISTS (SELECT 1 FROM post_text_docsize WHERE id = OLD.entry_id) BEGIN
            INSERT INTO post_text (post_text, rowid, text) VALUES ('delete', OLD.entry_id, OLD.text);
        END;
        """

    /// The index takes texts as `SearchableText` has them. It is made anew: a million posts take it some seconds, once.
    private static let schemaSearchableText = """
        DROP TRIGGER post_text_update;
        DROP TRIGGER post_text_delete;
        DROP TABLE post_text;
        CREATE VIEW searchable_post (entry_id, text) AS
            SELECT entry_id, CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN text ELSE searchable(text) END FROM post;
        CREATE VIRTUAL TABLE post_text USING fts5 (
            text, content = 'searchable_post', content_rowid = 'entry_id', tokenize = '\(SearchableText.tokenizer)');
        CREATE TRIGGER post_text_update AFTER UPDATE OF text ON post WHEN EXISTS (SELECT 1 FROM post_text_docsize WHERE id = OLD.entry_id) BEGIN
            INSERT INTO post_text (post_text, rowid, text) VALUES ('delete', OLD.entry_id, searchable(OLD.text));
            INSERT INTO post_text (rowid, text) VALUES (NEW.entry_id, searchable(NEW.text));
        END;
        CREATE TRIGGER post_text_delete AFTER DELETE ON post WHEN EXISTS (SELECT 1 FROM post_text_docsize WHERE id = OLD.entry_id) BEGIN
            INSERT INTO post_text (post_text, rowid, text) VALUES ('delete', OLD.entry_id, searchable(OLD.text));
        END;
        INSERT INTO post_text (post_text) VALUES ('rebuild');
        """

    /// What clients leave with their peer, bounded for each account: they choose how much they send.
    private static let schemaClients = """
        CREATE TABLE read_marker (
            account_id INTEGER NOT NULL REFERENCES local_account,
            target TEXT NOT NULL CHECK (length(CAST(target AS BLOB)) BETWEEN 1 AND \(Limits.clientNameBytesMax)),
            time INTEGER NOT NULL CHECK (time >= 0),
            PRIMARY KEY (account_id, target)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER read_marker_stays BEFORE UPDATE ON read_marker WHEN NEW.time < OLD.time
            BEGIN SELECT RAISE(ABORT, 'a read marker never goes back'); END;
        CREATE TRIGGER read_marker_bound AFTER INSERT ON read_marker
            WHEN (SELECT count(*) FROM read_marker WHERE account_id = NEW.account_id) > \(Limits.readMarkersMax)
            BEGIN
                DELETE FROM read_marker WHERE account_id = NEW.account_id AND target =
                    (SELECT target FROM read_marker WHERE account_id = NEW.account_id ORDER BY time, target LIMIT 1);
            END;

        CREATE TABLE metadata (
            account_id INTEGER NOT NULL REFERENCES local_account,
            key TEXT NOT NULL CHECK (length(CAST(key AS BLOB)) BETWEEN 1 AND \(Limits.clientNameBytesMax)),
            value TEXT NOT NULL CHECK (length(CAST(value AS BLOB)) <= \(Limits.metadataValueBytesMax)),
            PRIMARY KEY (account_id, key)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER metadata_bound AFTER INSERT ON metadata
            WHEN (SELECT count(*) FROM metadata WHERE account_id = NEW.account_id) > \(Limits.metadataKeysMax)
            BEGIN SELECT RAISE(ABORT, 'an account has no more metadata than this'); END;

        CREATE TABLE client_channel (
            account_id INTEGER NOT NULL REFERENCES local_account,
            channel TEXT NOT NULL CHECK (length(CAST(channel AS BLOB)) BETWEEN 1 AND \(Limits.clientNameBytesMax)),
            PRIMARY KEY (account_id, channel)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER client_channel_bound AFTER INSERT ON client_channel
            WHEN (SELECT count(*) FROM client_channel WHERE account_id = NEW.account_id) > \(Limits.clientChannelsMax)
            BEGIN SELECT RAISE(ABORT, 'an account is in no more channels than this'); END;
        """
}
