/// One author, many receivers: whatever the author says must reach each of them once, and in order unless told otherwise.
///
/// A message carries its number and when it was sent. In a window, as many messages are on their way as it allows; at a
/// rate, one leaves whenever it is due, whether or not those before it have arrived. Prints one line of JSON.
/// Status 3: something was lost, doubled or out of order, or took too long, and there are no figures.
#include "protocol.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    connection base;
    int number;
    bool is_author;
    enum { JOINING, READY } state;
    /// The message that comes next where all come in order; which of those from here on are there where they need not.
    uint64_t expected;
    bool *is_there;
} client;

/// Receivers connect to these in turn.
static int ports[64], ports_count, author_port;
static int receivers = 10, bytes = 100, joining_max = 64, hold_seconds = 1;
static bool is_idle, is_unordered;
static protocol spoken = PROTOCOL_IRC;
static uint64_t messages = 1000, warm_up, window = 96;
static double rate;
/// After that long nothing more is said, so that a slow server takes no longer to measure than a quick one.
static double seconds_max = 1e9;
static const char *author_name = "author", *prefix = "f", *passphrase = "correct-horse";

static client *clients;
static client *author;
static int joining, ready;
static uint64_t sent, delivered, acknowledged, last_received, started, joined;

/// When each message was sent, acknowledged to its author, and there at the first and at the last receiver.
static uint64_t *sent_at, *acknowledged_at, *first_at, *last_at;
static struct {
    uint64_t message, at;
} *deliveries;
static uint64_t deliveries_count;

enum { marker_bytes = 32 };

// MARK: Joining

static void done_joining(client *c) {
    c->state = READY;
    joining--;
    ready++;
}

/// IRC servers let only those into a channel's talk who are in it; elsewhere the author need not listen.
static participant participant_of(const client *c) {
    static char name[64];
    if (c->is_author)
        snprintf(name, sizeof name, "%s", author_name);
    else
        snprintf(name, sizeof name, "%s%d", prefix, c->number);
    return (participant){name, passphrase, !is_idle && (!c->is_author || spoken == PROTOCOL_IRC)};
}

static void on_connected(connection *base) {
    client *c = (client *)base;
    if (greet(base, spoken, participant_of(c))) done_joining(c);
}

// MARK: Messages

static uint64_t number(const char *digits, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; i++) value = value * 10 + (uint64_t)(digits[i] - '0');
    return value;
}

/// `~S<9 digits: number>T<19 digits: when it was sent>~`
static void take_message(client *c, const char *marker, uint64_t at) {
    const uint64_t message = number(marker + 2, 9);
    // What was said before this run and is told to those who come back.
    if (number(marker + 12, 19) < started) return;
    if (message >= sent) fail("receiver %d got message %lu, which nobody said", c->number, message);
    if (!is_unordered && message != c->expected) fail("receiver %d got message %lu instead of %lu", c->number, message, c->expected);
    if (c->is_there[message]) fail("receiver %d got message %lu twice", c->number, message);
    c->is_there[message] = true;
    c->expected++;
    delivered++;
    if (message < warm_up) return;
    const uint64_t index = message - warm_up;
    deliveries[deliveries_count].message = index;
    deliveries[deliveries_count++].at = at;
    if (!first_at[index]) first_at[index] = at;
    last_at[index] = at;
}

static void on_line(connection *base, char *line, size_t count, uint64_t at) {
    client *c = (client *)base;
    if (has_prefix(line, count, "PING")) {
        line[1] = 'O';
        put(base, line, count);
        put(base, "\r\n", 2);
        return flush(base);
    }
    if (c->state == JOINING) {
        if (is_greeted(base, spoken, participant_of(c), line, count)) done_joining(c);
        return;
    }
    if (c->is_author) {
        if (spoken == PROTOCOL_PLAIN && has_prefix(line, count, "OK posted")) {
            if (acknowledged >= warm_up) acknowledged_at[acknowledged - warm_up] = at;
            acknowledged++;
        }
        if (has_prefix(line, count, "ERR ")) fail("%.*s", (int)count, line);
        return;
    }
    const char *marker = memmem(line, count, "~S", 2);
    if (marker && (size_t)(marker - line) + marker_bytes <= count && marker[11] == 'T' && marker[31] == '~') take_message(c, marker, at);
}

static size_t on_bytes(connection *c, char *read, size_t count, uint64_t at) {
    last_received = at;
    return each_line(c, read, count, at, on_line);
}

static void say(uint64_t count) {
    static char *padding;
    if (!padding) memset(padding = allocate((size_t)bytes + 1, 1), 'x', (size_t)bytes);
    const size_t body = bytes < marker_bytes ? marker_bytes : (size_t)bytes;
    connection *c = &author->base;
    for (; count > 0; count--, sent++) {
        const uint64_t at = now_ns();
        if (sent >= warm_up) sent_at[sent - warm_up] = at;
        begin_message(c, spoken, body);
        print(c, "~S%09luT%019lu~", sent, at);
        put(c, padding, body - marker_bytes);
        put(c, "\r\n", 2);
    }
    if (!c->waits_to_write) flush(c);
}

// MARK: The run

static uint64_t deadline;

static void run(int timeout_ms, const char *where) {
    loop_run(timeout_ms);
    if (now_ns() > deadline) fail("too slow in %s: %d of %d joined, %lu messages sent, %lu deliveries", where, ready, receivers + 1, sent, delivered);
}

static void join(void) {
    const int count = receivers + 1;
    for (int opened = 0; ready < count; run(100, "joining")) {
        for (; opened < count && joining < joining_max; opened++, joining++) {
            client *c = &clients[opened];
            c->number = opened;
            c->is_author = opened == receivers;
            if (!c->is_author && !is_idle) c->is_there = allocate(warm_up + messages, sizeof *c->is_there);
            loop_add(&c->base, c->is_author ? author_port : ports[opened % ports_count]);
        }
    }
    joined = now_ns();
    // What is told at the beginning is over when nothing has come for a while.
    last_received = now_ns();
    while (now_ns() - last_received < 300000000u) run(20, "joining");
}

/// Says messages until there are `goal` or the time is over, and waits until they have all arrived.
static void exchange(uint64_t goal, bool is_paced, double seconds) {
    uint64_t due = now_ns();
    const uint64_t end = due + (uint64_t)(seconds * 1e9);
    while (delivered < goal * (uint64_t)receivers || (spoken == PROTOCOL_PLAIN && acknowledged < goal)) {
        if (now_ns() > end && sent < goal) goal = sent;
        if (is_paced) {
            for (uint64_t now = now_ns(); sent < goal && due <= now; due += (uint64_t)(1e9 / rate)) say(1);
            if (sent < goal) loop_wake_at(due);
        } else {
            const uint64_t under_way = sent - delivered / (uint64_t)receivers;
            const uint64_t room = under_way <= window / 2 ? window - under_way : 0;
            if (sent < goal && room) say(room < goal - sent ? room : goal - sent);
        }
        run(50, "the run");
    }
}

static void print_latencies(void) {
    durations all, ack, push, first, last;
    durations_init(&all, deliveries_count);
    durations_init(&push, deliveries_count);
    durations_init(&ack, messages);
    durations_init(&first, messages);
    durations_init(&last, messages);
    for (uint64_t i = 0; i < deliveries_count; i++) {
        const uint64_t message = deliveries[i].message, at = deliveries[i].at;
        durations_add(&all, at - sent_at[message]);
        durations_add(&push, at > acknowledged_at[message] ? at - acknowledged_at[message] : 0);
    }
    for (uint64_t i = 0; i < messages; i++) {
        if (acknowledged_at[i]) durations_add(&ack, acknowledged_at[i] - sent_at[i]);
        durations_add(&first, first_at[i] - sent_at[i]);
        durations_add(&last, last_at[i] - sent_at[i]);
    }
    durations_print(&all, "delivery");
    durations_print(&first, "first");
    durations_print(&last, "last");
    if (ack.count == 0) return;
    durations_print(&ack, "ack");
    durations_print(&push, "push");
}

static _Noreturn void help(void) {
    fputs("fanload -p PORT,… [-a PORT of the author's server] [-P irc|home|plain|redis|raw] [-n receivers] [-k messages] [-b bytes]\n"
          "        [-w window | -r messages a second] [-t seconds at most] [-W messages to warm up] [-S PID,… of the servers] [-A author] [-N prefix]\n"
          "        [-C joining at a time] [-u, messages may come in any order] [-i, only to be there, for -h seconds]\n"
          "Receivers are called by the prefix, `f`, and a number from 0; the passphrase of all is correct-horse.\n",
          stderr);
    exit(64);
}

static void parse(int count, char **arguments) {
    for (int option; (option = getopt(count, arguments, "p:a:P:n:k:b:w:r:t:W:S:A:N:C:iuh:")) != -1;) switch (option) {
        case 'p':
            for (char *each = strtok(optarg, ","); each && ports_count < 64; each = strtok(NULL, ",")) ports[ports_count++] = atoi(each);
            break;
        case 'a': author_port = atoi(optarg); break;
        case 'P':
            if (!protocol_named(optarg, &spoken)) help();
            break;
        case 'n': receivers = atoi(optarg); break;
        case 'k': messages = strtoull(optarg, NULL, 10); break;
        case 'b': bytes = atoi(optarg); break;
        case 'w': window = strtoull(optarg, NULL, 10); break;
        case 'r': rate = atof(optarg); break;
        case 't': seconds_max = atof(optarg); break;
        case 'W': warm_up = strtoull(optarg, NULL, 10); break;
        case 'S': servers_parse(optarg); break;
        case 'A': author_name = optarg; break;
        case 'N': prefix = optarg; break;
        case 'C': joining_max = atoi(optarg); break;
        case 'u': is_unordered = true; break;
        case 'i': is_idle = true; break;
        case 'h': hold_seconds = atoi(optarg); break;
        default: help();
        }
    if (ports_count == 0 || receivers < 1) help();
    if (author_port == 0) author_port = ports[0];
}

static void idle(usage before) {
    const usage there = servers_usage();
    for (const uint64_t end = now_ns() + (uint64_t)hold_seconds * 1000000000u; now_ns() < end;) run(100, "idling");
    const usage after = servers_usage();
    const int count = receivers + 1;
    const long resident_kb = there.resident_kb - before.resident_kb;
    printf("{\"connections\":%d,\"joined_per_s\":%.0f,\"join_cpu_us\":%.1f,\"resident_b\":%.0f,\"idle_cpu_ms\":%.2f}\n", count,
           count * 1e9 / (double)(joined - started), (double)(there.cpu_ns - before.cpu_ns) / 1e3 / count, (double)resident_kb * 1024 / count,
           (double)(after.cpu_ns - there.cpu_ns) / 1e6 / hold_seconds);
}

int main(int count, char **arguments) {
    parse(count, arguments);
    started = now_ns();
    deadline = started + 120000000000u;
    loop_start((handler){on_connected, on_bytes});
    clients = allocate((size_t)receivers + 1, sizeof *clients);
    author = &clients[receivers];
    const usage before = servers_usage();
    join();
    if (is_idle) return idle(before), 0;

    sent_at = allocate(messages, sizeof *sent_at);
    acknowledged_at = allocate(messages, sizeof *acknowledged_at);
    first_at = allocate(messages, sizeof *first_at);
    last_at = allocate(messages, sizeof *last_at);
    deliveries = allocate(messages * (uint64_t)receivers, sizeof *deliveries);
    memset(deliveries, 0xff, messages * (uint64_t)receivers * sizeof *deliveries);
    exchange(warm_up, false, 1e9);
    const usage quiet = servers_usage();
    const uint64_t own = own_cpu_ns(), start = now_ns();
    exchange(warm_up + messages, rate > 0, seconds_max);
    messages = sent - warm_up;
    const double seconds = (double)(now_ns() - start) / 1e9;
    const usage after = servers_usage();
    const double cpu = (double)(after.cpu_ns - quiet.cpu_ns);
    printf("{\"messages\":%lu,\"deliveries\":%lu,\"deliveries_per_s\":%.0f,\"cpu_ns\":%.1f,\"message_cpu_us\":%.2f,\"server_cores\":%.3f,"
           "\"generator_cores\":%.3f,\"resident_kb\":%ld",
           messages, deliveries_count, (double)deliveries_count / seconds, cpu / (double)deliveries_count, cpu / 1e3 / (double)messages, cpu / 1e9 / seconds,
           (double)(own_cpu_ns() - own) / 1e9 / seconds, after.resident_kb);
    kernel_print(quiet, after);
    print_latencies();
    puts("}");
    return 0;
}
