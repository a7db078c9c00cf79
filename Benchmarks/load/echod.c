/// Servers that do nothing but what the sockets ask for, in one thread: what is left to gain.
///
///     echod PORT fanout   every chunk of whole lines from one client is written to every other
///     echod PORT pong     every line is answered with PONG
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    int fd, index;
    bool waits_to_write;
    char *out;
    size_t count, capacity;
} client;

enum { clients_max = 65536 };
static client *clients[clients_max];
static int clients_count, queue;

static void watch(client *c) {
    struct epoll_event event = {.events = EPOLLIN | (c->waits_to_write ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(queue, EPOLL_CTL_MOD, c->fd, &event);
}

/// Writes at once what the socket takes, and keeps the rest.
static void write_out(client *c, const char *bytes, size_t count) {
    if (c->count == 0) {
        const ssize_t taken = send(c->fd, bytes, count, MSG_NOSIGNAL);
        if (taken == (ssize_t)count || (taken < 0 && errno != EAGAIN)) return;
        if (taken > 0) bytes += taken, count -= (size_t)taken;
    }
    if (c->count + count > c->capacity) {
        c->capacity = (c->count + count) * 2;
        c->out = realloc(c->out, c->capacity);
        if (!c->out) die("memory");
    }
    memcpy(c->out + c->count, bytes, count);
    c->count += count;
    if (!c->waits_to_write) {
        c->waits_to_write = true;
        watch(c);
    }
}

static void write_rest(client *c) {
    const ssize_t taken = send(c->fd, c->out, c->count, MSG_NOSIGNAL);
    if (taken > 0) {
        memmove(c->out, c->out + taken, c->count - (size_t)taken);
        c->count -= (size_t)taken;
    }
    if (c->count == 0) {
        c->waits_to_write = false;
        watch(c);
    }
}

static void drop(client *c) {
    close(c->fd);
    clients[c->index] = clients[--clients_count];
    clients[c->index]->index = c->index;
    free(c->out);
    free(c);
}

static void accept_all(int listener) {
    for (int fd; clients_count < clients_max && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
        const int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        client *c = allocate(1, sizeof *c);
        c->fd = fd;
        c->index = clients_count;
        clients[clients_count++] = c;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event);
    }
}

static void read_in(client *c, bool is_fanout) {
    static char bytes[1 << 16], answers[6 << 16];
    const ssize_t count = recv(c->fd, bytes, sizeof bytes, 0);
    if (count == 0 || (count < 0 && errno != EAGAIN)) return drop(c);
    if (count < 0) return;
    if (is_fanout) {
        for (int i = 0; i < clients_count; i++)
            if (clients[i] != c) write_out(clients[i], bytes, (size_t)count);
        return;
    }
    size_t answered = 0;
    for (char *rest = bytes, *newline; (newline = memchr(rest, '\n', (size_t)(bytes + count - rest))); rest = newline + 1) {
        memcpy(answers + answered, "PONG\r\n", 6);
        answered += 6;
    }
    if (answered) write_out(c, answers, answered);
}

int main(int count, char **arguments) {
    if (count != 3) return fputs("echod PORT fanout|pong\n", stderr), 64;
    const bool is_fanout = !strcmp(arguments[2], "fanout");
    raise_open_files();
    signal(SIGPIPE, SIG_IGN);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) die("bind");
    queue = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(queue, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[256];
        const int ready = epoll_wait(queue, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            client *c = events[i].data.ptr;
            if (!c) {
                accept_all(listener);
                continue;
            }
            if (events[i].events & EPOLLOUT) write_rest(c);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_in(c, is_fanout);
        }
    }
}
