"""NATS as the fleet uses it: a connection, requests to JetStream, buckets, pulls, audio.

The one package that imports nats-py (the extra `fleet`). What subjects are called and what
messages mean is left to `wire.fleet`; what is done with them, to the agent and the clients.
"""
