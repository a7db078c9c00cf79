#pragma once

#include <opendht/network_utils.h>

#include <stdexcept>
#include <string>

/// The UDP socket of a node.
///
/// To OpenDHT it always has both families: with one alone, `Dht::listen` (2.4.12) takes the missing second token for a failure,
/// drops the local listener and loses the token, so that the listen can't be cancelled. A packet to a family that is not
/// bound fails at once, as one to an unreachable network does.
class NodeSocket final : public dht::net::DatagramSocket {
public:
    /// Throws std::runtime_error with one line for a person.
    NodeSocket(const std::string &host, in_port_t port);

    void receive(OnReceive &&callback) { socket->setOnReceive(std::move(callback)); }
    in_port_t port(sa_family_t family) const { return socket->getPort(family); }

    int sendTo(const dht::SockAddr &to, const uint8_t *data, size_t size, bool replied) override {
        return socket->sendTo(to, data, size, replied);
    }
    bool hasIPv4() const override { return true; }
    bool hasIPv6() const override { return true; }
    const dht::SockAddr &getBoundRef(sa_family_t family) const override { return socket->getBoundRef(family); }
    void stop() override { socket->stop(); }

private:
    std::unique_ptr<dht::net::UdpSocket> socket;
};

/// An address from a literal, without asking any resolver; empty if it is none.
dht::SockAddr address(const std::string &literal, in_port_t port);

/// The host of an address as a literal.
std::string host(const dht::SockAddr &address);
