/// Commands for operators of servers: a peer is looked after by whoever runs it, not over IRC.
extension IRCServer {
    func admin(_ call: IRCCall) {
        guard isHere(call) else { return }
        numeric(.noAdministrator, call, [serverName], "No administrative info available")
    }

    func stats(_ call: IRCCall) {
        guard let query = call.parameter(0) else { return needMoreParameters(call) }
        numeric(.endOfStats, call, [query], "End of /STATS report")
    }

    func oper(_ call: IRCCall) {
        numeric(.noOperatorHost, call, [], "Nobody is an operator of this peer over IRC")
    }

    func refuseToOperate(_ call: IRCCall) {
        numeric(.noPrivileges, call, [], "Permission Denied- You're not an IRC operator")
    }
}
