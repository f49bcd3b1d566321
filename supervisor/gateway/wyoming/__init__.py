"""Speech for Home Assistant: the Wyoming protocol, on a door of its own."""
