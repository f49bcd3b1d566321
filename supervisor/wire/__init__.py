"""The wire: messages between client and supervisor, and between supervisor and worker.

`client` holds what docs/PROTOCOL.md specifies, `worker` what stays inside the
service, `codec` the frames of the former. No sockets here: bytes in, records out.
"""
