"""Markup: a client's text in Markdown, HTML or SSML becomes a marked text (`supervisor.marks`).

`reading` is the way in and says which markup a text has. Each markup has a module; what they say
is written by `flow`, which knows spaces and ends. Where the marked text is cut is for `core.jobs`
to say.
"""
