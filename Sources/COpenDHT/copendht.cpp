#include "include/copendht.h"

#include "node.hpp"

#include <cstring>

using dht::InfoHash;
using dht::Value;

struct copendht_node {
    std::shared_ptr<Node> node;
};

namespace {

std::shared_ptr<void> hold(void *context, void (*release)(void *)) { return {context, release}; }

InfoHash hash(const uint8_t *key) { return InfoHash(key, COPENDHT_KEY_BYTES); }

/// Nothing is thrown into Swift. What can fail here is memory alone, and then the reader is released, which ends its stream.
template <typename Body>
void guarded(Body body) noexcept {
    try {
        body();
    } catch (...) {
    }
}

}  // namespace

copendht_node *copendht_start(const copendht_config *config, char *error, size_t error_size) {
    const char *why = "unknown reason";
    std::string text;
    try {
        auto context = hold(config->context, config->release);
        auto node = std::make_shared<Node>(*config, std::move(context));
        node->start();
        return new copendht_node{std::move(node)};
    } catch (const std::exception &e) {
        text = e.what();
        why = text.c_str();
    } catch (...) {
    }
    if (error_size > 0) {
        std::strncpy(error, why, error_size - 1);
        error[error_size - 1] = 0;
    }
    return nullptr;
}

void copendht_stop(copendht_node *node) {
    guarded([&] { node->node->stop(); });
}

void copendht_free(copendht_node *node) {
    copendht_stop(node);
    delete node;
}

void copendht_get_status(copendht_node *node, copendht_status *status) {
    guarded([&] { *status = node->node->status(); });
}

void copendht_ping(copendht_node *node, const char *host, uint16_t port) {
    guarded([&] { node->node->ping(host, port); });
}

void copendht_refresh(copendht_node *node) {
    guarded([&] {
        node->node->post([](dht::Dht &dht) { dht.get(dht.getNodeId(), dht::GetCallback{}, dht::DoneCallback{}); });
    });
}

size_t copendht_export_nodes(copendht_node *node, char *buffer, size_t size) {
    size_t written = 0;
    guarded([&] {
        for (const auto &address : node->node->nodes()) {
            auto line = address.toString() + "\n";
            if (written + line.size() > size) break;
            std::memcpy(buffer + written, line.data(), line.size());
            written += line.size();
        }
    });
    return written;
}

void copendht_put(copendht_node *node, const copendht_value *value, bool permanent, bool force) {
    guarded([&] {
        auto copy = std::make_shared<Value>(value->kind, value->data, value->size, value->id);
        node->node->put(hash(value->key), std::move(copy), permanent, force);
    });
}

void copendht_cancel_put(copendht_node *node, const uint8_t *key, uint64_t id) {
    guarded([&] { node->node->post([key = hash(key), id](dht::Dht &dht) { dht.cancelPut(key, id); }); });
}

void copendht_get(copendht_node *node, const uint8_t *key, uint16_t kind, copendht_reader reader) {
    auto held = hold(reader.context, reader.release);
    guarded([&] {
        node->node->post([key = hash(key), kind, reader, held](dht::Dht &dht) {
            dht::GetCallback values = [key, kind, reader, held](const std::vector<std::shared_ptr<Value>> &found) {
                for (const auto &value : found) {
                    if (value->type != kind || !Node::isPlain(*value)) continue;
                    auto viewed = Node::view(key, *value);
                    if (!reader.value(held.get(), &viewed)) return false;
                }
                return true;
            };
            dht::DoneCallback done = [reader, held](bool ok, const std::vector<std::shared_ptr<dht::Node>> &) {
                if (reader.done) reader.done(held.get(), ok);
            };
            dht::Where where;
            where.valueType(kind);
            dht.get(key, std::move(values), std::move(done), {}, std::move(where));
        });
    });
}

uint64_t copendht_listen(copendht_node *node, const uint8_t *key, uint16_t kind, copendht_reader reader) {
    auto held = hold(reader.context, reader.release);
    uint64_t token = 0;
    guarded([&] { token = node->node->listen(hash(key), kind, reader, std::move(held)); });
    return token;
}

void copendht_cancel_listen(copendht_node *node, uint64_t token) {
    guarded([&] { node->node->cancelListen(token); });
}
