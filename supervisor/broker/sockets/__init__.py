"""Client sockets: authentication, connection limits, liveness, and frames in and out."""
