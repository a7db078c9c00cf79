/// What every program here needs: time, other processes' use of the machine, quantiles.
#ifndef LOAD_H
#define LOAD_H

#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

uint64_t now_ns(void);

/// Ends the program: status 2, and why.
_Noreturn void die(const char *what);
/// Ends the program: status 3, the run was not whole, so it says nothing.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

void *allocate(size_t count, size_t size);
/// As many open files as the system lets this process have.
void raise_open_files(void);

/// What a group of processes has used. CPU in nanoseconds, of all threads, those that are gone too.
typedef struct {
    uint64_t cpu_ns;
    long resident_kb;
    /// Clock ticks, so of use for shares of longer runs only.
    unsigned long user_ticks, kernel_ticks;
} usage;

/// Which processes `servers_usage` adds up: "12,13".
void servers_parse(const char *pids);
usage servers_usage(void);
/// Prints `,"kernel_percent":…`: how much of the CPU used meanwhile was the kernel's.
void kernel_print(usage before, usage after);
/// CPU of this process, in nanoseconds.
uint64_t own_cpu_ns(void);

/// Durations, in nanoseconds, for quantiles.
typedef struct {
    uint64_t *values;
    size_t count, capacity;
} durations;

void durations_init(durations *all, size_t capacity);
void durations_add(durations *all, uint64_t ns);
void durations_sort(durations *all);
/// In microseconds, of what is sorted; 0 if there is nothing.
double durations_us(const durations *all, double quantile);
/// Prints `,"NAME_p50_us":…,"NAME_p99_us":…`; sorts.
void durations_print(durations *all, const char *name);

#endif
