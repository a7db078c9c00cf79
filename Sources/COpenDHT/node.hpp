#pragma once

#include "include/copendht.h"
#include "socket.hpp"

#include <opendht/dht.h>
#include <opendht/peer_discovery.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

/// An OpenDHT node and the thread that drives it.
///
/// It takes the place of `dht::DhtRunner`, for two reasons (2.4.12). The runner holds back every operation while the node is
/// "connecting", so that a dead bootstrap peer would keep a lone first node from registering. And it wraps each type so that
/// our policies never see a value that carries a signature of OpenDHT's own; editing such a value with an unsigned one
/// follows a null pointer: two packets from anybody would end the process.
class Node : public std::enable_shared_from_this<Node> {
public:
    using Operation = std::function<void(dht::Dht &)>;

    /// Throws std::runtime_error.
    explicit Node(const copendht_config &config, std::shared_ptr<void> context);

    void start();
    /// Waits for the thread; more than once is harmless.
    void stop();
    /// Runs on the node's thread soon; never, if the node has been stopped.
    void post(Operation operation);

    copendht_status status();
    std::vector<dht::SockAddr> nodes();
    void ping(const std::string &host, in_port_t port);
    void put(const dht::InfoHash &key, std::shared_ptr<dht::Value> value, bool permanent, bool force);
    uint64_t listen(const dht::InfoHash &key, uint16_t kind, const copendht_reader &reader, std::shared_ptr<void> context);
    void cancelListen(uint64_t token);

    /// Whether a value is nothing but what we put: no owner, no signature, no cypher, no user type.
    static bool isPlain(const dht::Value &value);
    static copendht_value view(const dht::InfoHash &key, const dht::Value &value);

private:
    void run();
    dht::time_point step(std::vector<Operation> &&operations, dht::net::PacketList &&packets);
    bool refreshStatus();
    void registerTypes();
    bool accept(const dht::InfoHash &key, const dht::Value &value, const dht::Value *old, bool local);
    void discover();
    void log(const char *what, const char *why);

    const copendht_config config;
    const std::vector<copendht_kind> kinds;
    const std::shared_ptr<void> context;
    NodeSocket *socket;

    /// What the thread waits for.
    std::mutex queueMutex;
    std::condition_variable wake;
    std::vector<Operation> operations;
    dht::net::PacketList packets;
    size_t packetsCount{0};
    bool stopping{false};

    /// Held while OpenDHT works.
    std::mutex dhtMutex;
    std::unique_ptr<dht::Dht> dht;
    std::map<uint64_t, std::pair<dht::InfoHash, size_t>> listens;
    dht::time_point lastRefresh{};

    std::mutex statusMutex;
    copendht_status current{};

    std::atomic<uint64_t> nextToken{1};
    std::atomic<int> resolving{0};
    std::unique_ptr<dht::PeerDiscovery> discovery;
    std::mutex stopMutex;
    std::thread thread;
};
