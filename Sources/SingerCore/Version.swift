/// Of all that is in this package.
public let singerVersion = "0.1.0"
