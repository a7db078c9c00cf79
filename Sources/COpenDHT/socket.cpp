#include "socket.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <unistd.h>

using dht::SockAddr;

namespace {

/// Binds for a moment, to learn what OpenDHT only logs: why it can't be done. Returns errno, and the port that was bound.
int probe(SockAddr address, in_port_t &port) {
    int fd = ::socket(address.getFamily(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    int on = 1;
    if (address.getFamily() == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    int failure = ::bind(fd, address.get(), address.getLength()) < 0 ? errno : 0;
    if (failure == 0) {
        sockaddr_storage bound{};
        socklen_t length = sizeof bound;
        if (::getsockname(fd, reinterpret_cast<sockaddr *>(&bound), &length) == 0) port = SockAddr(bound, length).getPort();
    }
    ::close(fd);
    return failure;
}

std::runtime_error refusal(const SockAddr &address, int failure) {
    return std::runtime_error("cannot use UDP " + address.toString() + ": " + std::strerror(failure));
}

bool missing(int failure) { return failure == EAFNOSUPPORT || failure == EADDRNOTAVAIL; }

}  // namespace

SockAddr address(const std::string &literal, in_port_t port) {
    addrinfo hints{}, *found = nullptr;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_DGRAM;
    if (::getaddrinfo(literal.c_str(), std::to_string(port).c_str(), &hints, &found) != 0 || !found) return {};
    SockAddr result(found->ai_addr, found->ai_addrlen);
    ::freeaddrinfo(found);
    return result;
}

std::string host(const SockAddr &address) {
    char text[NI_MAXHOST];
    if (!address || ::getnameinfo(address.get(), address.getLength(), text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) return {};
    return text;
}

NodeSocket::NodeSocket(const std::string &host, in_port_t port) {
    bool any = host.empty() || host == "0.0.0.0" || host == "::";
    // With a free port the second family may find it taken, or somebody may be faster than us: a few attempts are enough.
    for (int attempts = port == 0 && any ? 16 : 1; attempts > 0; attempts--) {
        SockAddr bind4, bind6;
        if (any) {
            in_port_t common = port;
            bind4 = address("0.0.0.0", port);
            int failure4 = probe(bind4, common);
            if (failure4 && !missing(failure4)) throw refusal(bind4, failure4);
            bind6 = address("::", common);
            int failure6 = probe(bind6, common);
            if (failure6 == EADDRINUSE && attempts > 1) continue;
            if (failure6 && !missing(failure6)) throw refusal(bind6, failure6);
            if (failure4 && failure6) throw refusal(bind4, failure4);
            bind4.setPort(common);
            bind6.setPort(common);
            if (failure4) bind4 = {};
            if (failure6) bind6 = {};
        } else {
            auto literal = address(host, port);
            if (!literal) throw std::runtime_error("not an IP address: " + host);
            in_port_t ignored = port;
            if (int failure = probe(literal, ignored)) throw refusal(literal, failure);
            (literal.getFamily() == AF_INET6 ? bind6 : bind4) = literal;
        }
        socket = std::make_unique<dht::net::UdpSocket>(bind4, bind6);
        if (socket->hasIPv4() == bool(bind4) && socket->hasIPv6() == bool(bind6)) return;
        socket.reset();
    }
    throw std::runtime_error("cannot use UDP port " + std::to_string(port) + ": it was taken in this moment");
}
