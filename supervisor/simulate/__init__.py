"""The real core under a virtual clock."""
