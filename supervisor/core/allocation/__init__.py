"""How many cores the pool holds, which ones, and how they split into workers."""
