"""The fleet as the gateway sees it: only where `fleet.servers` are set, and loaded only then."""
