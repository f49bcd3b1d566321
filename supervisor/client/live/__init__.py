"""Conversations with supervisors of other hosts, over messages that may be lost.

`packets` makes a stream of frames of single messages, `tunnel` carries it over NATS, `link` is what
a client's calls wait by, and `bids` asks which host can start soonest.
"""
