"""Texts of the benchmarks: sentences of everyday length, written for this purpose."""

from __future__ import annotations

SENTENCES = (
    "The first train leaves the harbour before sunrise.",
    "Nobody on the platform speaks, because it is cold and the night was short.",
    "A woman in a green coat reads a letter that she has read many times before.",
    "Far away, behind the warehouses, a ship answers with a low and patient horn.",
    "Two boys count the wagons as they pass, and argue about the number.",
    "When the doors close, the lamps flicker once and then stay bright.",
    "The conductor asks for tickets in a voice that expects no answer.",
    "Outside, the river turns from black to silver while the city falls behind.",
    "Somebody laughs at the far end of the carriage, and somebody else joins in.",
    "It takes an hour to reach the hills, and most of the passengers sleep.",
    "In the dining car, coffee is poured into cups that rattle on their saucers.",
    "The letter is folded, put away, and then taken out again.",
)

PARAGRAPH = " ".join(SENTENCES)
"""About 50 seconds of speech."""

SHORT_SEGMENT = (
    "The first train leaves the harbour before sunrise, when the fog is still low now."
)[:80]
"""As long as a first segment may be: 80 characters."""
