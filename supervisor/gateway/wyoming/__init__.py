"""Speech for Home Assistant: the Wyoming protocol, on a listener of its own."""
