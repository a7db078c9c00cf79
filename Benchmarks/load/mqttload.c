/// Messages with an acknowledgement each (MQTT 3.1.1, QoS 1) from some publishers to one subscriber.
///
/// Each publisher has some messages on their way. The run is over when all are acknowledged and the subscriber has them.
/// Prints one line of JSON, with the fields of linebench. Status 3: not whole.
#include "loop.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    connection base;
    int number;
    bool is_subscriber;
    uint64_t *sent_at;
    unsigned head, under_way;
} client;

static int port, publishers = 1;
static unsigned depth = 1;
static uint64_t requests = 10000, bytes = 100;
static client *clients;
static int ready;
static uint64_t issued, acknowledged, delivered, goal;
static durations times;
static bool is_measured;
/// After that long nothing more is asked, so that a slow server takes no longer to measure than a quick one.
static double seconds_max = 1e9;

enum { CONNACK = 2, PUBLISH = 3, PUBACK = 4, SUBACK = 9 };

static void on_connected(connection *base) {
    const client *c = (client *)base;
    char name[16];
    const int length = snprintf(name, sizeof name, "m%d", c->number);
    // CONNECT, a clean session, no keep-alive.
    const uint8_t head[] = {0x10, (uint8_t)(12 + length), 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, (uint8_t)length};
    put(base, head, sizeof head);
    put(base, name, (size_t)length);
    flush(base);
}

static void subscribe(client *c) {
    static const uint8_t packet[] = {0x82, 10, 0, 1, 0, 5, 'b', 'e', 'n', 'c', 'h', 1};
    put(&c->base, packet, sizeof packet);
}

static void issue(client *c, unsigned count) {
    static uint8_t *body;
    if (!body) memset(body = allocate(bytes, 1), 'x', bytes);
    const uint64_t at = now_ns();
    for (; count > 0 && issued < goal; count--, issued++) {
        c->sent_at[(c->head + c->under_way++) % depth] = at;
        const uint16_t packet = (uint16_t)(issued % 65000 + 1);
        // PUBLISH, QoS 1; its length is written in sevens of bits.
        put(&c->base, "\x32", 1);
        for (size_t rest = 9 + bytes; rest > 0; rest /= 128) put(&c->base, &(uint8_t){(uint8_t)(rest % 128 | (rest >= 128 ? 128 : 0))}, 1);
        const uint8_t head[] = {0, 5, 'b', 'e', 'n', 'c', 'h', packet >> 8, packet & 255};
        put(&c->base, head, sizeof head);
        put(&c->base, body, bytes);
    }
}

static void take(client *c, uint8_t kind, const uint8_t *rest, uint64_t at) {
    switch (kind >> 4) {
    case CONNACK:
        if (c->is_subscriber) subscribe(c);
        else ready++;
        break;
    case SUBACK: ready++; break;
    case PUBACK:
        if (is_measured) durations_add(&times, at - c->sent_at[c->head]);
        c->head = (c->head + 1) % depth;
        c->under_way--;
        acknowledged++;
        issue(c, 1);
        break;
    case PUBLISH: {
        delivered++;
        const size_t topic = (size_t)(rest[0] << 8 | rest[1]);
        const uint8_t answer[] = {0x40, 2, rest[2 + topic], rest[3 + topic]};
        put(&c->base, answer, sizeof answer);
        break;
    }
    }
}

static size_t on_bytes(connection *base, char *read, size_t count, uint64_t at) {
    const uint8_t *packets = (const uint8_t *)read;
    size_t taken = 0;
    for (;;) {
        size_t length = 0, head = taken + 1;
        bool is_whole = false;
        for (int shift = 0; head < count && shift < 28 && !is_whole; shift += 7, head++) {
            length |= (size_t)(packets[head] & 127) << shift;
            is_whole = !(packets[head] & 128);
        }
        if (!is_whole || head + length > count) break;
        take((client *)base, packets[taken], packets + head, at);
        taken = head + length;
    }
    flush(base);
    return taken;
}

int main(int count, char **arguments) {
    for (int option; (option = getopt(count, arguments, "p:c:d:n:t:b:S:")) != -1;) switch (option) {
        case 'p': port = atoi(optarg); break;
        case 'c': publishers = atoi(optarg); break;
        case 'd': depth = (unsigned)atoi(optarg); break;
        case 'n': requests = strtoull(optarg, NULL, 10); break;
        case 't': seconds_max = atof(optarg); break;
        case 'b': bytes = strtoull(optarg, NULL, 10); break;
        case 'S': servers_parse(optarg); break;
        default: return fputs("mqttload -p PORT -c publishers -d depth -n messages [-t seconds at most] [-b bytes] [-S PID]\n", stderr), 64;
        }
    const uint64_t deadline = now_ns() + 120000000000u;
    loop_start((handler){on_connected, on_bytes});
    clients = allocate((size_t)publishers + 1, sizeof *clients);
    for (int i = 0; i <= publishers; i++) {
        clients[i].number = i;
        clients[i].is_subscriber = i == publishers;
        clients[i].sent_at = allocate(depth, sizeof(uint64_t));
        loop_add(&clients[i].base, port);
    }
    while (ready <= publishers && now_ns() < deadline) loop_run(50);

    durations_init(&times, requests);
    usage before = {0};
    uint64_t own = 0, start = 0;
    for (int phase = 0; phase < 2; phase++) {
        is_measured = phase == 1;
        goal = is_measured ? requests : requests / 20 + 1;
        issued = acknowledged = delivered = 0;
        before = servers_usage();
        own = own_cpu_ns();
        start = now_ns();
        for (int i = 0; i < publishers; i++) {
            issue(&clients[i], depth);
            flush(&clients[i].base);
        }
        while (acknowledged < goal || delivered < goal) {
            loop_run(50);
            if (now_ns() - start > (uint64_t)(seconds_max * 1e9) && issued < goal) goal = issued;
            if (now_ns() > deadline) fail("too slow: %lu acknowledged, %lu delivered of %lu", acknowledged, delivered, goal);
        }
    }
    requests = acknowledged;
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
