import Logging
import SingerCore
import SingerPeer
import SingerReplication

/// The shell around the replica: events in, actions out.
extension Node {
    func drive(_ event: Replica.Event) {
        for action in replica.handle(event, now: steadyTime) { carryOut(action) }
        planTick()
    }

    /// Sees to a tick where the replica needs one sooner than the next second.
    private func planTick() {
        let now = steadyTime
        guard let due = replica.nextTick(after: now), due - now < 1_000, due < plannedTick ?? .max else { return }
        plannedTick = due
        job {
            try? await Task.sleep(for: .milliseconds(max(due - now, 10)))
            await self.tick(planned: due)
        }
    }

    private func tick(planned due: Milliseconds) {
        if plannedTick == due { plannedTick = nil }
        if !Task.isCancelled { drive(.tick) }
    }

    private func carryOut(_ action: Replica.Action) {
        switch action {
        case .store(let entries, let node, let isNews): enqueue(entries, from: node, isNews: isNews)
        case .send(let message, let node): send(message, to: node)
        case .answer(let want, let node): oweAnswer(want, to: node)
        case .sendRecord(let account, let node): oweRecord(of: account, to: node)
        case .dial(let node, let endpoints): job { await self.dial(node, endpoints) }
        case .lookUp(let account): job { await self.lookUp(account) }
        case .accept(let debt, let node): take(debt, from: node)
        case .unwanted(let account, let node): job { await self.answerUnwanted(account, from: node) }
        case .settle(let debt): job { await self.settle(debt) }
        case .recallDebts(let account): job { await self.recallDebts(to: account) }
        case .close(let node): links[node]?.link.close("nothing goes over this link")
        case .quarantine(let proof, let node): job { await self.quarantine(proof, from: node) }
        case .ownLogBehind(let account, _, let last):
            logger.warning("the network holds more of an own log than this store: old data?", metadata: ["account": "\(account)", "last": "\(last)"])
        case .listen(let account, isOn: let isOn): isOn ? listen(to: account) : stopListening(to: account)
        case .readEdges(let account): job { await self.readEdges(of: account, within: .seconds(5)) }
        case .held(let account, let device, let seq, let holders): job { await self.tellHeld(account, device, seq, by: holders) }
        }
    }

    func wait(within limit: Duration, every pause: Duration = .milliseconds(5), until isDone: (isolated Node) -> Bool) async {
        let deadline = ContinuousClock.now + limit
        while !isDone(self), .now < deadline, !Task.isCancelled { try? await Task.sleep(for: pause) }
    }
}
