import ArgumentParser
import Configuration

@main struct S { static func main() {} }
