"""Speech as others want it: 16-bit samples, the table of formats, encoders, and files.

Where the bytes go, over HTTP or Wyoming, into a file or a pipe, is left to who sends them. Only
`encoding` loads FFmpeg, and nothing loads `encoding` before a format needs it.
"""
