"""The HTTP process: diagnostics, the OpenAI speech API, metrics. A client like any other.

`process` runs it, `app` puts the routes together; each of the other modules is one
subject of what is served. Nothing in here touches a worker or the supervisor's state.
"""

from __future__ import annotations
