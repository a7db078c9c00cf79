/// Rows like posts into SQLite, as a store with nothing around it would: WAL, synchronous=FULL.
///
///     sqlitebench DIRECTORY ROWS ROWS-A-COMMIT
#include "load.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sqlite3 *database;

static void check(int status, int wanted) {
    if (status == wanted) return;
    fprintf(stderr, "%s\n", sqlite3_errmsg(database));
    exit(2);
}

static void execute(const char *sql) { check(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK); }

static sqlite3_stmt *prepared(const char *sql) {
    sqlite3_stmt *statement;
    check(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

static void step(sqlite3_stmt *statement) {
    check(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_reset(statement);
}

static void remove_files(const char *path) {
    const char *const endings[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        char file[4200];
        snprintf(file, sizeof file, "%s%s", path, endings[i]);
        unlink(file);
    }
}

int main(int count, char **arguments) {
    if (count != 4) return fputs("sqlitebench DIRECTORY ROWS ROWS-A-COMMIT\n", stderr), 64;
    const int rows = atoi(arguments[2]), batch = atoi(arguments[3]);
    char path[4096];
    snprintf(path, sizeof path, "%s/sqlitebench.db", arguments[1]);
    remove_files(path);
    check(sqlite3_open(path, &database), SQLITE_OK);
    execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "CREATE TABLE post (author BLOB NOT NULL, seq INTEGER NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL, signature BLOB NOT NULL,"
            " PRIMARY KEY (author, seq)) WITHOUT ROWID; CREATE INDEX post_created ON post (created)");
    sqlite3_stmt *insert = prepared("INSERT INTO post VALUES (?, ?, ?, ?, ?)"), *begin = prepared("BEGIN IMMEDIATE"), *commit = prepared("COMMIT");
    char body[100], author[32] = {0}, signature[64];
    memset(body, 'x', sizeof body);
    memset(signature, 7, sizeof signature);
    durations times;
    durations_init(&times, (size_t)rows);
    const uint64_t own = own_cpu_ns(), start = now_ns();
    uint64_t began = start;
    for (int row = 0; row < rows; row++) {
        if (row % batch == 0) {
            began = now_ns();
            step(begin);
        }
        author[0] = (char)(row % 50);
        sqlite3_bind_blob(insert, 1, author, sizeof author, SQLITE_STATIC);
        sqlite3_bind_int64(insert, 2, row);
        sqlite3_bind_int64(insert, 3, 1700000000000 + row);
        sqlite3_bind_text(insert, 4, body, sizeof body, SQLITE_STATIC);
        sqlite3_bind_blob(insert, 5, signature, sizeof signature, SQLITE_STATIC);
        step(insert);
        if (row % batch == batch - 1 || row == rows - 1) {
            step(commit);
            durations_add(&times, now_ns() - began);
        }
    }
    const double seconds = (double)(now_ns() - start) / 1e9;
    printf("{\"rows\":%d,\"rows_per_s\":%.0f,\"cpu_us\":%.2f", rows, rows / seconds, (double)(own_cpu_ns() - own) / 1e3 / rows);
    durations_print(&times, "commit");
    puts("}");
    sqlite3_finalize(insert);
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_close(database);
    remove_files(path);
    return 0;
}
