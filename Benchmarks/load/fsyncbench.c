/// What the disk can do: 4 KiB appended, and made durable with fdatasync(2), one after the other. With `over` they are written over what is there already.
///
///     fsyncbench DIRECTORY COUNT [over]
#include "load.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments) {
    const bool writes_over = count == 4 && !strcmp(arguments[3], "over");
    if (count != 3 && !writes_over) return fputs("fsyncbench DIRECTORY COUNT [over]\n", stderr), 64;
    const int commits = atoi(arguments[2]);
    char path[4096], block[4096];
    memset(block, 'x', sizeof block);
    snprintf(path, sizeof path, "%s/fsyncbench.tmp", arguments[1]);
    const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) die(path);
    unlink(path);
    if (writes_over) {
        for (int i = 0; i < commits; i++)
            if (write(file, block, sizeof block) != sizeof block) die(path);
        if (fdatasync(file) || lseek(file, 0, SEEK_SET)) die(path);
    }
    durations times;
    durations_init(&times, (size_t)commits);
    const uint64_t start = now_ns();
    for (int i = 0; i < commits; i++) {
        const uint64_t at = now_ns();
        if (write(file, block, sizeof block) != sizeof block || fdatasync(file)) die("fdatasync");
        durations_add(&times, now_ns() - at);
    }
    const double seconds = (double)(now_ns() - start) / 1e9;
    printf("{\"commits\":%d,\"commits_per_s\":%.0f", commits, commits / seconds);
    durations_print(&times, "commit");
    puts("}");
    return 0;
}
