"""A fleet under a virtual clock: many hosts that really decide, a queue, and what goes wrong."""
