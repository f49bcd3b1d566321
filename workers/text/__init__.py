"""Written English to the words that are said, before any engine makes sounds of them."""
