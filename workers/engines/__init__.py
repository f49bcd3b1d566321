"""Speech engines: one small protocol, one module or package per engine."""
