"""Durable jobs of a fleet: handed in to the queue, found again from anywhere, heard piece by piece.

A client's conversation is the one that it has with any supervisor; `peer` is its other end here, in
this process. `orders` makes a request what waits in the queue, `queue` asks the servers, and `feed`
gives a job's audio out.
"""
