"""How a text is read: its segments, the words that are said, phonemes and pauses, for people."""
