"""Clients' messages: checked, turned into job events, and answered; `sockets` carries them."""
