"""The ZeroMQ side: sockets, the wire, the journal."""
