"""A host of the fleet: which jobs it takes from the common queue, and what becomes of each."""
