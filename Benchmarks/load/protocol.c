#include "protocol.h"

#include <string.h>

bool protocol_named(const char *name, protocol *found) {
    static const char *const names[] = {"irc", "home", "plain", "redis", "raw"};
    for (int i = 0; i < 5; i++) {
        *found = (protocol)i;
        if (!strcmp(name, names[i])) return true;
    }
    return false;
}

bool greet(connection *c, protocol spoken, participant who) {
    switch (spoken) {
    case PROTOCOL_IRC: print(c, "NICK %s\r\nUSER %s 0 * :bench\r\n", who.name, who.name); break;
    case PROTOCOL_HOME: print(c, "PASS %s:%s\r\nNICK %s\r\nUSER %s 0 * :bench\r\n", who.name, who.passphrase, who.name, who.name); break;
    case PROTOCOL_PLAIN: print(c, "LOGIN %s %s\r\n", who.name, who.passphrase); break;
    case PROTOCOL_REDIS:
        if (!who.is_receiver) return true;
        print(c, "SUBSCRIBE #bench\r\n");
        break;
    case PROTOCOL_RAW: return true;
    }
    flush(c);
    return false;
}

bool is_greeted(connection *c, protocol spoken, participant who, const char *line, size_t count) {
    switch (spoken) {
    case PROTOCOL_IRC:
        if (is_numeric(line, count, "376") || is_numeric(line, count, "422")) {
            if (!who.is_receiver) return true;
            print(c, "JOIN #bench\r\n");
            flush(c);
        }
        return is_numeric(line, count, "366");
    case PROTOCOL_HOME:
        if (is_numeric(line, count, "464")) fail("%.*s", (int)count, line);
        // The timeline is joined by itself, and its names are told.
        return is_numeric(line, count, "366");
    case PROTOCOL_PLAIN:
        if (has_prefix(line, count, "ERR ")) fail("%.*s", (int)count, line);
        return has_prefix(line, count, "OK ");
    case PROTOCOL_REDIS: return line[0] == ':';
    case PROTOCOL_RAW: return true;
    }
    return false;
}

void begin_message(connection *c, protocol spoken, size_t bytes) {
    switch (spoken) {
    case PROTOCOL_IRC: print(c, "PRIVMSG #bench :"); break;
    case PROTOCOL_HOME: print(c, "PRIVMSG &home :"); break;
    case PROTOCOL_PLAIN: print(c, "POST "); break;
    case PROTOCOL_REDIS: print(c, "*3\r\n$7\r\nPUBLISH\r\n$6\r\n#bench\r\n$%zu\r\n", bytes); break;
    case PROTOCOL_RAW: break;
    }
}
