/// How the author and the receivers of a fan-out speak to their server.
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include "loop.h"

typedef enum {
    /// An ordinary channel of any IRC server.
    PROTOCOL_IRC,
    /// Posts, as IRC clients see them in &home.
    PROTOCOL_HOME,
    /// Posts, in plain text.
    PROTOCOL_PLAIN,
    /// PUBLISH and SUBSCRIBE.
    PROTOCOL_REDIS,
    /// Whatever one client writes, the others are sent.
    PROTOCOL_RAW,
} protocol;

/// The protocol of that name: irc, home, plain, redis, raw. False if there is none.
bool protocol_named(const char *name, protocol *found);

typedef struct {
    const char *name, *passphrase;
    /// Listens to what is said.
    bool is_receiver;
} participant;

/// Says who is there, and what it wants to hear. True if no answer is waited for.
bool greet(connection *, protocol, participant);
/// Takes a line that came after the greeting, and goes on. True with the last one, when all is in place.
bool is_greeted(connection *, protocol, participant, const char *line, size_t count);
/// What stands before the text of a message, whose length is known.
void begin_message(connection *, protocol, size_t bytes);

#endif
