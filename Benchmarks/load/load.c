#include "load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void die(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(2);
}

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(3);
}

void *allocate(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory) die("memory");
    return memory;
}

void raise_open_files(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// MARK: Other processes

static int servers[64];
static int servers_count;

void servers_parse(const char *pids) {
    char *copy = strdup(pids);
    for (char *pid = strtok(copy, ","); pid && servers_count < 64; pid = strtok(NULL, ",")) servers[servers_count++] = atoi(pid);
    free(copy);
}

static void add_cpu(int pid, usage *sum) {
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t)) fail("process %d has ended", pid);
    sum->cpu_ns += (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void add_ticks(int pid, usage *sum) {
    char text[1024];
    snprintf(text, sizeof text, "/proc/%d/stat", pid);
    FILE *file = fopen(text, "r");
    if (!file) return;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    // Behind the name, which may hold anything.
    const char *fields = strrchr(text, ')');
    unsigned long user, kernel;
    if (fields && sscanf(fields, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) == 2) {
        sum->user_ticks += user;
        sum->kernel_ticks += kernel;
    }
}

static void add_memory(int pid, usage *sum) {
    char line[256];
    snprintf(line, sizeof line, "/proc/%d/status", pid);
    FILE *file = fopen(line, "r");
    if (!file) return;
    long kb;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %ld", &kb) == 1) sum->resident_kb += kb;
    fclose(file);
}

usage servers_usage(void) {
    usage sum = {0};
    for (int i = 0; i < servers_count; i++) {
        add_cpu(servers[i], &sum);
        add_ticks(servers[i], &sum);
        add_memory(servers[i], &sum);
    }
    return sum;
}

void kernel_print(usage before, usage after) {
    const unsigned long user = after.user_ticks - before.user_ticks, kernel = after.kernel_ticks - before.kernel_ticks;
    if (user + kernel) printf(",\"kernel_percent\":%.0f", 100.0 * (double)kernel / (double)(user + kernel));
}

uint64_t own_cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// MARK: Durations

void durations_init(durations *all, size_t capacity) {
    all->values = allocate(capacity, sizeof *all->values);
    // Touched now, so that page faults are not part of what is measured.
    memset(all->values, 0, capacity * sizeof *all->values);
    all->capacity = capacity;
    all->count = 0;
}

void durations_add(durations *all, uint64_t ns) {
    if (all->count < all->capacity) all->values[all->count++] = ns;
}

static int compare(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

void durations_sort(durations *all) { qsort(all->values, all->count, sizeof *all->values, compare); }

double durations_us(const durations *all, double quantile) {
    if (all->count == 0) return 0;
    return (double)all->values[(size_t)(quantile * (double)(all->count - 1) + 0.5)] / 1e3;
}

void durations_print(durations *all, const char *name) {
    durations_sort(all);
    printf(",\"%s_p50_us\":%.1f,\"%s_p99_us\":%.1f", name, durations_us(all, 0.5), name, durations_us(all, 0.99));
}
