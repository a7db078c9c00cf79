/// Connections to servers on this machine, all in one thread, so that the generator is not what is measured.
#ifndef LOOP_H
#define LOOP_H

#include "load.h"

#include <sys/types.h>

typedef struct {
    char *bytes;
    size_t count, capacity;
} buffer;

typedef struct connection {
    int fd;
    bool is_connected, waits_to_write;
    buffer in, out;
    /// How much of `out` is on its way.
    size_t sent;
} connection;

typedef struct {
    /// The connection stands.
    void (*connected)(connection *);
    /// Bytes came. Takes those that are whole messages, and says how many these are; the rest is offered again, with more.
    size_t (*received)(connection *, char *bytes, size_t count, uint64_t at);
} handler;

void loop_start(handler);
/// Begins to connect to 127.0.0.1:port.
void loop_add(connection *, int port);
/// Handles what happens within that time, at most one round of it.
void loop_run(int timeout_ms);
/// Wakes `loop_run` at that instant of `now_ns`.
void loop_wake_at(uint64_t at);

/// Queues bytes; `flush` sends them.
void put(connection *, const void *bytes, size_t count);
void print(connection *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void flush(connection *);

/// Calls `line` with each whole line, without its ending, and says how many bytes these took.
size_t each_line(connection *, char *bytes, size_t count, uint64_t at, void (*line)(connection *, char *line, size_t count, uint64_t at));
bool has_prefix(const char *line, size_t count, const char *prefix);
/// Whether a line of an IRC server is that numeric.
bool is_numeric(const char *line, size_t count, const char *code);

#endif
