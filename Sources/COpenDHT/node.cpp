#include "node.hpp"

#include <cstring>

using dht::Dht;
using dht::InfoHash;
using dht::SockAddr;
using dht::Value;
using dht::ValueType;

namespace {

/// Packets that wait while the node is busy; more are dropped, as the kernel would.
constexpr size_t packetsMax = 8 * 1024;
/// A packet that waited this long has been given up by its sender, who tries again after a second.
constexpr auto packetAgeMax = std::chrono::milliseconds(650);
constexpr auto statusAgeMax = std::chrono::seconds(1);
constexpr auto statusAgeMin = std::chrono::milliseconds(20);
/// Names that are being resolved at one time: a resolver may hang for half a minute.
constexpr int resolvingMax = 4;
constexpr const char *discoveryService = "singer";

bool refuse(InfoHash, std::shared_ptr<Value> &, const InfoHash &, const SockAddr &) { return false; }

/// Values of types that nobody registered would be stored unseen, 64 KiB each, and OpenDHT has no setting against that: it
/// falls back to this one type. The object is const in name only (it is built at run time), and is changed once, before the
/// first node starts.
void refuseUnknownTypes() {
    static std::once_flag once;
    std::call_once(once, [] { const_cast<ValueType &>(ValueType::USER_DATA).storePolicy = refuse; });
}

struct Announcement {
    InfoHash node;
    in_port_t port;
    uint32_t network;
    MSGPACK_DEFINE(node, port, network)
};

}  // namespace

Node::Node(const copendht_config &config, std::shared_ptr<void> context)
    : config(config), kinds(config.kinds, config.kinds + config.kinds_count), context(std::move(context)) {
    refuseUnknownTypes();
    auto owned = std::make_unique<NodeSocket>(config.host, config.port);
    socket = owned.get();
    current.port4 = socket->port(AF_INET);
    current.port6 = socket->port(AF_INET6);

    dht::Config settings;
    settings.network = config.network;
    settings.max_req_per_sec = config.requests_per_second_max;
    settings.max_peer_req_per_sec = config.requests_per_second_per_peer_max;
    // Our own policies bound the store. OpenDHT's eviction must never run: it takes the size of the new value for that of
    // the old when it accounts for an edit, and can then look for a victim forever.
    settings.max_store_size = -1;
    settings.max_store_keys = 1 << 20;
    dht = std::make_unique<Dht>(std::move(owned), settings, std::shared_ptr<dht::Logger>());
    auto id = dht->getNodeId().toString();
    std::strncpy(current.node_id, id.c_str(), sizeof current.node_id - 1);
    registerTypes();
}

void Node::start() {
    socket->receive([this](dht::net::PacketList &&received) -> dht::net::PacketList {
        std::lock_guard<std::mutex> lock(queueMutex);
        if (!stopping && packetsCount + received.size() <= packetsMax) {
            packetsCount += received.size();
            packets.splice(packets.end(), std::move(received));
            wake.notify_one();
        }
        return {};
    });
    thread = std::thread([self = shared_from_this()] { self->run(); });
    if (config.discovery) {
        try {
            discover();
        } catch (const std::exception &e) {
            log("no discovery of peers on the local network", e.what());
        }
    }
}

void Node::stop() {
    {
        std::lock_guard<std::mutex> lock(queueMutex);
        stopping = true;
        wake.notify_one();
    }
    if (thread.get_id() == std::this_thread::get_id()) {
        // The last reference was dropped in a callback: the thread ends by itself, after it.
        thread.detach();
        return;
    }
    std::lock_guard<std::mutex> lock(stopMutex);
    if (!thread.joinable()) return;
    if (discovery) discovery->stop();
    thread.join();
}

void Node::post(Operation operation) {
    std::lock_guard<std::mutex> lock(queueMutex);
    if (stopping) return;
    operations.push_back(std::move(operation));
    wake.notify_one();
}

void Node::run() {
    auto wakeup = dht::clock::now();
    while (true) {
        std::vector<Operation> due;
        dht::net::PacketList received;
        {
            std::unique_lock<std::mutex> lock(queueMutex);
            wake.wait_until(lock, wakeup, [this] { return stopping || !operations.empty() || !packets.empty(); });
            if (stopping) break;
            due.swap(operations);
            received.swap(packets);
            packetsCount = 0;
        }
        bool changed;
        {
            std::lock_guard<std::mutex> lock(dhtMutex);
            bool busy = !due.empty() || !received.empty();
            wakeup = step(std::move(due), std::move(received));
            changed = refreshStatus();
            // What happened since the last look at the status is not left until something else happens.
            if (busy) wakeup = std::min(wakeup, lastRefresh + statusAgeMin);
        }
        if (changed) config.changed(context.get());
    }

    // What waits in the queues is dropped with its readers, outside the lock: releasing them may call us.
    std::vector<Operation> dropped;
    {
        std::lock_guard<std::mutex> lock(queueMutex);
        dropped.swap(operations);
    }
    dropped.clear();
    std::lock_guard<std::mutex> lock(dhtMutex);
    try {
        socket->stop();
        dht->shutdown({}, true);
    } catch (const std::exception &e) {
        log("leaving the network", e.what());
    }
    listens.clear();
    dht.reset();
    std::lock_guard<std::mutex> statusLock(statusMutex);
    current = {};
}

dht::time_point Node::step(std::vector<Operation> &&due, dht::net::PacketList &&received) {
    for (auto &operation : due) {
        try {
            operation(*dht);
        } catch (const std::exception &e) {
            log("operation failed", e.what());
        }
        // Frees what it holds now, not when all are done.
        operation = nullptr;
    }
    auto now = dht::clock::now();
    auto wakeup = now;
    try {
        bool handled = false;
        for (auto &packet : received) {
            now = dht::clock::now();
            if (now - packet.received > packetAgeMax) continue;
            try {
                wakeup = dht->periodic(packet.data.data(), packet.data.size(), std::move(packet.from), now);
                handled = true;
            } catch (const std::exception &e) {
                log("packet refused", e.what());
            }
        }
        if (!handled) wakeup = dht->periodic(nullptr, 0, SockAddr{}, now);
        dht->updateStatus(AF_INET);
        dht->updateStatus(AF_INET6);
    } catch (const std::exception &e) {
        log("maintenance failed", e.what());
        wakeup = now + statusAgeMin;
    }
    return std::min<dht::time_point>(wakeup, now + statusAgeMax);
}

bool Node::refreshStatus() {
    auto now = dht::clock::now();
    if (now < lastRefresh + statusAgeMin) return false;
    lastRefresh = now;
    copendht_status next{};
    next.port4 = current.port4;
    next.port6 = current.port6;
    std::memcpy(next.node_id, current.node_id, sizeof next.node_id);
    next.good4 = dht->getNodesStats(AF_INET).good_nodes;
    next.good6 = dht->getNodesStats(AF_INET6).good_nodes;
    for (const auto &seen : dht->getPublicAddress(0)) {
        auto text = host(seen);
        bool known = text.empty() || text.size() >= COPENDHT_HOST_BYTES;
        for (size_t i = 0; i < next.hosts_count; i++) known = known || text == next.hosts[i];
        if (known) continue;
        std::memcpy(next.hosts[next.hosts_count++], text.c_str(), text.size() + 1);
        if (next.hosts_count == COPENDHT_HOSTS_MAX) break;
    }
    std::tie(next.store_bytes, next.store_values) = dht->getStoreSize();

    std::lock_guard<std::mutex> lock(statusMutex);
    bool changed = next.good4 != current.good4 || next.good6 != current.good6 || next.hosts_count != current.hosts_count
        || std::memcmp(next.hosts, current.hosts, sizeof next.hosts) != 0;
    current = next;
    return changed;
}

copendht_status Node::status() {
    std::lock_guard<std::mutex> lock(statusMutex);
    return current;
}

std::vector<SockAddr> Node::nodes() {
    std::lock_guard<std::mutex> lock(dhtMutex);
    std::vector<SockAddr> result;
    if (dht)
        for (const auto &node : dht->exportNodes()) result.emplace_back(node.ss, node.sslen);
    return result;
}

// MARK: What is stored here

bool Node::isPlain(const Value &value) {
    return !value.owner && value.signature.empty() && value.cypher.empty() && value.user_type.empty();
}

copendht_value Node::view(const InfoHash &key, const Value &value) {
    return {key.data(), value.id, value.type, value.data.data(), value.data.size()};
}

bool Node::accept(const InfoHash &key, const Value &value, const Value *old, bool local) {
    auto viewed = view(key, value);
    if (!old) return config.accept(context.get(), &viewed, nullptr, local);
    auto viewedOld = view(key, *old);
    return config.accept(context.get(), &viewed, &viewedOld, local);
}

void Node::registerTypes() {
    for (const auto &kind : kinds) {
        auto store = [this](const InfoHash &key, std::shared_ptr<Value> &value, const InfoHash &, const SockAddr &) {
            // Cheap questions first: anybody may ask us to store anything.
            if (!isPlain(*value) || value->data.size() > config.value_bytes_max) return false;
            if (dht->getStoreSize().first + value->size() > config.store_bytes_max) return false;
            if (dht->getLocal(key, {}).size() >= config.values_per_key_max) return false;
            return accept(key, *value, nullptr, false);
        };
        auto edit = [this](const InfoHash &key, const std::shared_ptr<Value> &old, std::shared_ptr<Value> &value, const InfoHash &, const SockAddr &) {
            if (!isPlain(*value) || value->type != old->type || value->data.size() > config.value_bytes_max) return false;
            if (value->size() > old->size() && dht->getStoreSize().first + value->size() - old->size() > config.store_bytes_max) return false;
            return accept(key, *value, old.get(), false);
        };
        dht->registerType(ValueType(kind.id, "singer", std::chrono::seconds(kind.lifetime_seconds), store, edit));
    }
}

void Node::put(const InfoHash &key, std::shared_ptr<Value> value, bool permanent, bool force) {
    post([this, key, value, permanent, force](Dht &dht) {
        auto old = dht.getLocalById(key, value->id);
        bool other = old && !(*old == *value);
        if (other && !force && (old->type != value->type || !accept(key, *value, old.get(), true))) return;
        // A permanent value is only refreshed where one with its id and the same OpenDHT sequence number lies already. An unsigned
        // value does not carry that number over the wire: it arrives as 0. So with one of its own here, it is always sent.
        if (permanent) value->seq = old && old->seq < UINT16_MAX ? old->seq + 1 : (old ? UINT16_MAX : 1);
        dht.put(key, value, dht::DoneCallback{}, dht::time_point::max(), permanent);
    });
}

// MARK: Listening

uint64_t Node::listen(const InfoHash &key, uint16_t kind, const copendht_reader &reader, std::shared_ptr<void> held) {
    auto token = nextToken++;
    post([this, key, kind, reader, held = std::move(held), token](Dht &dht) {
        dht::Where where;
        where.valueType(kind);
        // Narrower than any get, though it fits all our values: OpenDHT answers a get from what a listen that is at least as
        // wide has heard, and a listener does not hear of edits.
        where.userType("");
        dht::ValueCallback callback = [key, kind, reader, held](const std::vector<std::shared_ptr<Value>> &values, bool expired) {
            if (expired) return true;
            for (const auto &value : values) {
                if (value->type != kind || !isPlain(*value)) continue;
                auto viewed = view(key, *value);
                // It goes on until it is cancelled: what is returned here would cancel it in the middle of OpenDHT's own loops.
                reader.value(held.get(), &viewed);
            }
            return true;
        };
        if (auto listening = dht.listen(key, std::move(callback), {}, std::move(where))) listens[token] = {key, listening};
    });
    return token;
}

void Node::cancelListen(uint64_t token) {
    post([this, token](Dht &dht) {
        auto found = listens.find(token);
        if (found == listens.end()) return;
        auto [key, listening] = found->second;
        listens.erase(found);
        dht.cancelListen(key, listening);
    });
}

// MARK: Finding peers

void Node::ping(const std::string &host, in_port_t port) {
    auto send = [](Node &node, SockAddr to) { node.post([to](Dht &dht) { dht.pingNode(to, [](bool) {}); }); };
    if (auto literal = address(host, port)) return send(*this, literal);
    if (resolving.fetch_add(1) >= resolvingMax) {
        resolving--;
        return;
    }
    std::thread([self = weak_from_this(), host, port, send] {
        std::vector<SockAddr> found;
        try {
            found = SockAddr::resolve(host, std::to_string(port));
        } catch (const std::exception &) {
            // Unknown for now; whoever asked tries again.
        }
        if (auto node = self.lock()) {
            for (auto &each : found) send(*node, each);
            node->resolving--;
        }
    }).detach();
}

void Node::discover() {
    discovery = std::make_unique<dht::PeerDiscovery>();
    auto id = InfoHash(current.node_id);
    discovery->startDiscovery<Announcement>(discoveryService, [self = weak_from_this(), id](Announcement &&found, SockAddr &&from) {
        auto node = self.lock();
        if (!node || found.network != node->config.network || found.node == id || !from) return;
        from.setPort(found.port);
        node->post([from](Dht &dht) { dht.pingNode(from, [](bool) {}); });
    });
    for (auto family : {AF_INET, AF_INET6}) {
        auto port = socket->port(family);
        if (port == 0) continue;
        msgpack::sbuffer packed;
        msgpack::pack(packed, Announcement{id, port, config.network});
        discovery->startPublish(family, discoveryService, packed);
    }
}

void Node::log(const char *what, const char *why) { config.log(context.get(), (std::string(what) + ": " + why).c_str()); }
