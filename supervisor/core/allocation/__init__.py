"""The allocation of cores: their number, their placement, and their split into workers."""
