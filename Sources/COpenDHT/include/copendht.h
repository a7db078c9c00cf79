#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// OpenDHT for Swift: one node of a Kademlia network, with values of our own types.
//
// Every callback comes on the node's own thread, one at a time, and must return soon; memory passed to it is gone when it
// returns. A context that is handed over comes with a `release`, which is called exactly once, on any thread, when no further
// callback will use it. No function here waits for the network, and none lets an exception out.

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

typedef struct copendht_node copendht_node;

/// 20 bytes.
#define COPENDHT_KEY_BYTES 20
#define COPENDHT_HOST_BYTES 64
#define COPENDHT_HOSTS_MAX 8

/// A value as it lies under a key.
typedef struct {
    /// COPENDHT_KEY_BYTES bytes.
    const uint8_t *key;
    uint64_t id;
    uint16_t kind;
    const uint8_t *_Nullable data;
    size_t size;
} copendht_value;

typedef struct {
    uint16_t id;
    int64_t lifetime_seconds;
} copendht_kind;

/// Whether the node stores `value`, in place of `old` if that is not null. `local`: it is put by this node itself.
typedef bool (*copendht_accept)(void *context, const copendht_value *value, const copendht_value *_Nullable old, bool local);

typedef struct {
    /// Nodes talk only to nodes of the same network. Not 0, which is the public one.
    uint32_t network;
    /// A literal binds its own family; empty, "0.0.0.0" and "::" bind both.
    const char *host;
    /// 0: any free one, the same for both families.
    uint16_t port;
    /// Look for peers on the local network, and let them find this one.
    bool discovery;
    const copendht_kind *kinds;
    size_t kinds_count;
    size_t value_bytes_max;
    size_t values_per_key_max;
    size_t store_bytes_max;
    int32_t requests_per_second_max;
    int32_t requests_per_second_per_peer_max;
    void *context;
    void (*release)(void *context);
    copendht_accept accept;
    /// Good nodes or public addresses are others than before.
    void (*changed)(void *context);
    void (*log)(void *context, const char *message);
} copendht_config;

/// Who reads the values under a key.
typedef struct {
    void *context;
    void (*release)(void *context);
    /// Returns whether more values are wanted.
    bool (*value)(void *context, const copendht_value *value);
    /// For a get: every node that may hold a value has answered, or none can be asked.
    void (*_Nullable done)(void *context, bool ok);
} copendht_reader;

typedef struct {
    /// 0 where the family is not bound.
    uint16_t port4;
    uint16_t port6;
    uint32_t good4;
    uint32_t good6;
    /// Hosts under which others see this node, the most often seen first; zero-terminated, no ports.
    char hosts[COPENDHT_HOSTS_MAX][COPENDHT_HOST_BYTES];
    size_t hosts_count;
    /// Bytes and number of the values stored here.
    size_t store_bytes;
    size_t store_values;
    /// Hexadecimal, zero-terminated.
    char node_id[2 * COPENDHT_KEY_BYTES + 1];
} copendht_status;

/// Starts a node, or says in `error` why it can't. The context of `config` is released in either case, in the end.
copendht_node *_Nullable copendht_start(const copendht_config *config, char *error, size_t error_size);

/// Leaves the network and waits for the node's threads, some milliseconds; all readers are released. Whatever is asked of the
/// node afterwards does nothing.
void copendht_stop(copendht_node *node);

/// Stops the node if it runs still. Nobody may use it afterwards.
void copendht_free(copendht_node *node);

/// As of at most a second ago.
void copendht_get_status(copendht_node *node, copendht_status *status);

/// Asks a node to be a peer. Names are resolved on a thread of their own, a few at a time.
void copendht_ping(copendht_node *node, const char *host, uint16_t port);

/// Looks its own id up in the network, as a Kademlia node does when it joins and from then on at times: it meets its neighbours, and
/// they meet it.
void copendht_refresh(copendht_node *_Nonnull node);

/// The good nodes, one `host:port` or `[host]:port` a line, those that are best to come back with first.
///
/// - Returns: how many bytes were written; never more than `size`, never a part of a line.
size_t copendht_export_nodes(copendht_node *node, char *buffer, size_t size);

/// Puts a value here and at the nodes nearest to its key, unless the one that lies here under the same id stands against it.
///
/// `permanent`: announce it to whoever comes near the key, until it is cancelled. `force`: don't ask `accept`.
void copendht_put(copendht_node *node, const copendht_value *value, bool permanent, bool force);
void copendht_cancel_put(copendht_node *node, const uint8_t *key, uint64_t id);

void copendht_get(copendht_node *node, const uint8_t *key, uint16_t kind, copendht_reader reader);

/// Returns a token for `copendht_cancel_listen`.
uint64_t copendht_listen(copendht_node *node, const uint8_t *key, uint16_t kind, copendht_reader reader);
void copendht_cancel_listen(copendht_node *node, uint64_t token);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
