"""The job machine: admission, the queue, dispatch to workers, and release to clients.

`machine` takes the events and `lifecycle` takes a job from acceptance to its one outcome. Whether
there is room is for `admission` to say, which segment runs where for `queue`, whether a slow
reader may have more for `backpressure`, what a client is sent and what is kept for `release`,
what the journal is asked for `durability` (and `disk_backlog`, while it cannot be written).
"""
