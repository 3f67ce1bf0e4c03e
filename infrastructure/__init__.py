"""The outside world behind the ports of the domain: files, event store, keys, clock and host."""
