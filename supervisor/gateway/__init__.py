"""HTTP process: the OpenAI speech API, Wyoming, diagnostics, metrics and the page.

It is a client of the supervisor like any other. `process` runs it, `app` puts the routes together,
each other module serves one subject. Nothing in here touches a worker or the supervisor's state.
"""

from __future__ import annotations
