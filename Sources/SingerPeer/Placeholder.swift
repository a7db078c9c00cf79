enum PeerPlaceholder {}
