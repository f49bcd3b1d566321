"""What hosts of a fleet, their clients and their operators say to each other over NATS.

`names` has the subjects, streams and ids, `jobs` the records of durable work, `live` those of
hosts that speak at once, `headers` what the broker shows of a job, `codec` reads and writes them.
Nothing here knows a NATS library. docs/FLEET.md is the text for people.
"""
