"""This pool beside other ways to serve the same engine, in one run: `make bench-peers`.

`install` makes the peers' virtual environments, `arms` lists who takes part and with
which settings, `servers` starts and stops them, `http_lanes` and `zmq_lanes` send requests,
`drive` is the load, `kill` what a client sees when a worker dies, `measure` one visit to one
arm, `speech` the engine inside a peer. Each peer is a directory with its server and the
versions it is measured with.
"""
