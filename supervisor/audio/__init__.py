"""Audio output: 16-bit samples, the table of formats, encoders, and files.

Sending the bytes, over HTTP or Wyoming, into a file or a pipe, is left to the callers. Only
`encoding` loads FFmpeg, and nothing loads `encoding` before a format needs it.
"""
