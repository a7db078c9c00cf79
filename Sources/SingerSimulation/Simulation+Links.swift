import SingerCore
import SingerReplication

/// What lies between peers.
extension Simulation {
    func canReach(_ a: Int, _ b: Int) -> Bool {
        peers[a].isUp && peers[b].isUp && (walls.isEmpty || !walls.contains([a, b])) && (sides.isEmpty || sides[a] == sides[b])
    }

    public mutating func connect(_ a: Int, _ b: Int) {
        guard peers[a].isUp, peers[b].isUp, peers[a].wires[b] == nil else { return }
        wiresMade += 1
        peers[a].wires[b] = Wire(id: wiresMade)
        peers[b].wires[a] = Wire(id: wiresMade)
        tell(a, .linkUp(peers[b].node, Self.endpoints(b)))
        if peers[b].wires[a] != nil { tell(b, .linkUp(peers[a].node, Self.endpoints(a))) }
    }

    public mutating func disconnect(_ a: Int, _ b: Int) {
        guard peers[a].wires.removeValue(forKey: b) != nil else { return }
        peers[b].wires[a] = nil
        if peers[a].isUp { tell(a, .linkDown(peers[b].node)) }
        if peers[b].isUp { tell(b, .linkDown(peers[a].node)) }
    }

    public mutating func breakAll() {
        for a in peers.indices { for b in peers[a].wires.keys.sorted() where a < b { disconnect(a, b) } }
    }

    mutating func send(_ message: Replica.Message, from peer: Int, to other: Int, hops: UInt8 = 0) {
        guard let wire = peers[peer].wires[other], let message = tampered(message, from: peer, to: other) else { return }
        if faults.lossOneIn > 0, random.oneIn(faults.lossOneIn) { return }
        let bytes = message.bytes
        traffic.count(message, bytes: bytes, isHome: isHome(peer, of: message), isHostile: peers[peer].mischief != nil)
        if !canReach(peer, other) {
            // The other side of the wall: the kernel sends again for a while, then the link is gone.
            if !wire.isCut {
                peers[peer].wires[other]?.isCut = true
                later(Milliseconds(1_000 + random.below(20_000)), peer, .lost(other, wire: wire.id))
            }
            return
        }
        if faults.breakOneIn > 0, random.oneIn(faults.breakOneIn) { return later(1, peer, .lost(other, wire: wire.id)) }
        if wire.frames >= Limits.linkQueueFramesMax || wire.bytes + bytes > Limits.linkQueueBytesMax {
            traffic.overflows += 1
            return later(1, peer, .lost(other, wire: wire.id))
        }
        peers[peer].wires[other]?.frames += 1
        peers[peer].wires[other]?.bytes += bytes
        let times = faults.repeatOneIn > 0 && random.oneIn(faults.repeatOneIn) ? 2 : 1
        for _ in 0..<times {
            var latency = Milliseconds(faults.latencyMin)
            if faults.latencyMax > faults.latencyMin { latency += Milliseconds(random.below(faults.latencyMax - faults.latencyMin)) }
            if faults.stallOneIn > 0, random.oneIn(faults.stallOneIn) { latency += Milliseconds(200 + random.below(1_300)) }
            if faults.isInOrder {
                // A link of 16 Mbit/s.
                latency = max(now + latency, peers[peer].wires[other]?.lastArrival ?? 0) + Milliseconds(bytes / 2_000) - now
                peers[peer].wires[other]?.lastArrival = now + latency
            }
            later(latency, other, .message(message, bytes: bytes, from: peer, wire: wire.id, hops: hops))
        }
    }

    private func isHome(_ peer: Int, of message: Replica.Message) -> Bool {
        guard case .entries(let entries, _) = message, let entry = entries.first else { return false }
        return homes[entry.header.account]?.contains(peer) == true
    }
}
