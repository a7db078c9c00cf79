"""What the benchmarks share: peers, the servers that they are compared with, rounds, tables."""
