#include "loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int queue, timer;
static handler handlers;

void loop_start(handler given) {
    signal(SIGPIPE, SIG_IGN);
    raise_open_files();
    handlers = given;
    queue = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    if (queue < 0 || timer < 0 || epoll_ctl(queue, EPOLL_CTL_ADD, timer, &event)) die("epoll");
}

static void watch(connection *c, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (c->waits_to_write ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(queue, operation, c->fd, &event)) die("epoll_ctl");
}

void loop_add(connection *c, int port) {
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket (ulimit -n?)");
    const int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) die("connect");
    c->waits_to_write = true;
    watch(c, EPOLL_CTL_ADD);
}

void loop_wake_at(uint64_t at) {
    const struct itimerspec when = {.it_value = {(time_t)(at / 1000000000u), (long)(at % 1000000000u)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static _Noreturn void lost(const connection *c, const char *why) {
    fail("a connection died: %s; last: %.*s", why, (int)(c->in.count < 300 ? c->in.count : 300), c->in.bytes ? c->in.bytes : "");
}

static void reserve(buffer *b, size_t room) {
    if (b->capacity - b->count >= room) return;
    b->capacity = (b->count + room) * 2;
    b->bytes = realloc(b->bytes, b->capacity);
    if (!b->bytes) die("memory");
}

static void receive(connection *c) {
    // As long as there is more, but not so long that others starve.
    for (int round = 0; round < 4; round++) {
        reserve(&c->in, 16384);
        const size_t room = c->in.capacity - c->in.count;
        const ssize_t count = recv(c->fd, c->in.bytes + c->in.count, room, 0);
        if (count == 0) lost(c, "closed by the server");
        if (count < 0) {
            if (errno == EAGAIN || errno == EINTR) return;
            lost(c, strerror(errno));
        }
        // Acknowledged at once, as a client does that has something to say: a server that waits for it is not slowed by us.
        const int one = 1;
        setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
        c->in.count += (size_t)count;
        const size_t taken = handlers.received(c, c->in.bytes, c->in.count, now_ns());
        c->in.count -= taken;
        if (taken && c->in.count) memmove(c->in.bytes, c->in.bytes + taken, c->in.count);
        if ((size_t)count < room) return;
    }
}

static void connected(connection *c) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) lost(c, strerror(error));
    c->is_connected = true;
    c->waits_to_write = false;
    watch(c, EPOLL_CTL_MOD);
    handlers.connected(c);
}

void loop_run(int timeout_ms) {
    struct epoll_event events[512];
    const int count = epoll_wait(queue, events, 512, timeout_ms);
    for (int i = 0; i < count; i++) {
        connection *c = events[i].data.ptr;
        uint64_t expirations;
        if (!c) {
            if (read(timer, &expirations, sizeof expirations) < 0 && errno != EAGAIN) die("timer");
        } else if (!c->is_connected) {
            connected(c);
        } else {
            if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive(c);
            if (events[i].events & EPOLLOUT) flush(c);
        }
    }
}

// MARK: Writing

void put(connection *c, const void *bytes, size_t count) {
    reserve(&c->out, count);
    memcpy(c->out.bytes + c->out.count, bytes, count);
    c->out.count += count;
}

void print(connection *c, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    const int count = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(c, text, (size_t)count < sizeof text ? (size_t)count : sizeof text - 1);
}

void flush(connection *c) {
    while (c->sent < c->out.count) {
        const ssize_t count = send(c->fd, c->out.bytes + c->sent, c->out.count - c->sent, MSG_NOSIGNAL);
        if (count < 0) {
            if (errno != EAGAIN) lost(c, strerror(errno));
            if (!c->waits_to_write) {
                c->waits_to_write = true;
                watch(c, EPOLL_CTL_MOD);
            }
            return;
        }
        c->sent += (size_t)count;
    }
    c->out.count = c->sent = 0;
    if (c->waits_to_write) {
        c->waits_to_write = false;
        watch(c, EPOLL_CTL_MOD);
    }
}

// MARK: Lines

size_t each_line(connection *c, char *bytes, size_t count, uint64_t at, void (*line)(connection *, char *, size_t, uint64_t)) {
    char *start = bytes, *const end = bytes + count, *newline;
    while ((newline = memchr(start, '\n', (size_t)(end - start)))) {
        size_t length = (size_t)(newline - start);
        if (length && start[length - 1] == '\r') length--;
        if (length) line(c, start, length, at);
        start = newline + 1;
    }
    return (size_t)(start - bytes);
}

bool has_prefix(const char *line, size_t count, const char *prefix) {
    const size_t length = strlen(prefix);
    return count >= length && !memcmp(line, prefix, length);
}

bool is_numeric(const char *line, size_t count, const char *code) {
    const char *space = memchr(line, ' ', count);
    return space && (size_t)(space - line) + 5 <= count && space[4] == ' ' && !memcmp(space + 1, code, 3);
}
