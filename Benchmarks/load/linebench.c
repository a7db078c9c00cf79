/// Commands and their replies: some connections, each with some commands on their way.
///
/// A reply is over with the first line that contains a given text. Prints one line of JSON. Status 3: not whole.
#include "loop.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    connection base;
    int number;
    bool is_ready;
    /// When the commands on their way were sent: a ring of `depth`.
    uint64_t *sent_at;
    unsigned head, under_way;
} client;

static int port, connections = 50, logins_max = 16;
static unsigned depth = 1;
static uint64_t requests = 100000;
static const char *command = "PING x", *ending, *greeting, *greeted;

static client *clients;
static char *line;
static size_t line_bytes;
static int ready, greeting_under_way;
static uint64_t issued, answered, goal;
static durations times;
static bool is_measured;
/// After that long nothing more is asked, so that a slow server takes no longer to measure than a quick one.
static double seconds_max = 1e9;

static void issue(client *c, unsigned count) {
    if (count > goal - issued) count = (unsigned)(goal - issued);
    const uint64_t at = now_ns();
    for (unsigned i = 0; i < count; i++) {
        c->sent_at[(c->head + c->under_way + i) % depth] = at;
        put(&c->base, line, line_bytes);
    }
    c->under_way += count;
    issued += count;
    flush(&c->base);
}

/// The greeting, with the number of the connection where it says %d.
static void greet(client *c) {
    for (const char *rest = greeting; *rest;) {
        const char *hole = strstr(rest, "%d");
        put(&c->base, rest, hole ? (size_t)(hole - rest) : strlen(rest));
        if (!hole) break;
        print(&c->base, "%d", c->number);
        rest = hole + 2;
    }
    put(&c->base, "\r\n", 2);
    flush(&c->base);
}

static void on_connected(connection *base) {
    client *c = (client *)base;
    if (greeting) return greet(c);
    c->is_ready = true;
    ready++;
}

static unsigned answers;

static void on_line(connection *base, char *text, size_t count, uint64_t at) {
    client *c = (client *)base;
    if (!c->is_ready) {
        if (has_prefix(text, count, "ERR ")) fail("%.*s", (int)count, text);
        if (!memmem(text, count, greeted, strlen(greeted))) {
            if (has_prefix(text, count, "PING ")) {
                text[1] = 'O';
                put(base, text, count);
                put(base, "\r\n", 2);
                flush(base);
            }
            return;
        }
        c->is_ready = true;
        ready++;
        greeting_under_way--;
    } else if (c->under_way && memmem(text, count, ending, strlen(ending))) {
        if (is_measured) durations_add(&times, at - c->sent_at[c->head]);
        c->head = (c->head + 1) % depth;
        c->under_way--;
        answered++;
        answers++;
    } else if (has_prefix(text, count, "ERR ")) {
        fail("%.*s", (int)count, text);
    }
}

static size_t on_bytes(connection *base, char *bytes, size_t count, uint64_t at) {
    answers = 0;
    const size_t taken = each_line(base, bytes, count, at, on_line);
    if (answers) issue((client *)base, answers);
    return taken;
}

static void run(uint64_t deadline, const char *where) {
    loop_run(50);
    if (now_ns() > deadline) fail("too slow in %s: %d connections ready, %lu of %lu answered", where, ready, answered, goal);
}

/// What greetings set going ends after their answers: until the servers have used less than a twentieth of a core for a while, or for ten seconds.
static void settle(uint64_t deadline) {
    const uint64_t window = 200000000u;
    for (int i = 0; i < 50; i++) {
        const uint64_t before = servers_usage().cpu_ns;
        for (const uint64_t end = now_ns() + window; now_ns() < end;) run(deadline, "connecting");
        if (servers_usage().cpu_ns - before < window / 20) return;
    }
}

static _Noreturn void help(void) {
    fputs("linebench -p PORT -c connections -d depth -n requests [-t seconds at most] -x COMMAND -M 'text in the last line of a reply'\n"
          "          [-S PID,… of the servers] [-A 'said first; %d is the number of the connection' -B 'text in what answers it']\n",
          stderr);
    exit(64);
}

static void parse(int count, char **arguments) {
    for (int option; (option = getopt(count, arguments, "p:c:d:n:t:x:M:S:A:B:")) != -1;) switch (option) {
        case 'p': port = atoi(optarg); break;
        case 'c': connections = atoi(optarg); break;
        case 'd': depth = (unsigned)atoi(optarg); break;
        case 'n': requests = strtoull(optarg, NULL, 10); break;
        case 't': seconds_max = atof(optarg); break;
        case 'x': command = optarg; break;
        case 'M': ending = optarg; break;
        case 'S': servers_parse(optarg); break;
        case 'A': greeting = optarg; break;
        case 'B': greeted = optarg; break;
        default: help();
        }
    if (port == 0 || depth == 0 || !ending || (greeting && !greeted)) help();
}

int main(int count, char **arguments) {
    parse(count, arguments);
    const uint64_t deadline = now_ns() + 120000000000u;
    loop_start((handler){on_connected, on_bytes});
    clients = allocate((size_t)connections, sizeof *clients);
    line_bytes = (size_t)asprintf(&line, "%s\r\n", command);
    for (int opened = 0; ready < connections; run(deadline, "connecting")) {
        for (; opened < connections && greeting_under_way < logins_max; opened++) {
            clients[opened].number = opened;
            clients[opened].sent_at = allocate(depth, sizeof(uint64_t));
            loop_add(&clients[opened].base, port);
            if (greeting) greeting_under_way++;
        }
    }
    settle(deadline);

    durations_init(&times, requests);
    usage before = {0};
    uint64_t own = 0, start = 0;
    for (int phase = 0; phase < 2; phase++) {
        is_measured = phase == 1;
        goal = is_measured ? requests : requests / 20 + 1;
        issued = answered = 0;
        before = servers_usage();
        own = own_cpu_ns();
        start = now_ns();
        for (int i = 0; i < connections; i++) issue(&clients[i], depth);
        while (answered < goal) {
            run(deadline, "the run");
            if (now_ns() - start > (uint64_t)(seconds_max * 1e9) && issued < goal) goal = issued;
        }
    }
    requests = answered;
    const double seconds = (double)(now_ns() - start) / 1e9;
    const usage after = servers_usage();
    const double cpu = (double)(after.cpu_ns - before.cpu_ns);
    printf("{\"requests\":%lu,\"requests_per_s\":%.0f,\"cpu_us\":%.3f,\"server_cores\":%.3f,\"generator_cores\":%.3f,\"resident_kb\":%ld", requests,
           (double)requests / seconds, cpu / 1e3 / (double)requests, cpu / 1e9 / seconds, (double)(own_cpu_ns() - own) / 1e9 / seconds, after.resident_kb);
    kernel_print(before, after);
    durations_print(&times, "reply");
    puts("}");
    return 0;
}
