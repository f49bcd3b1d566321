"""A module that needs what is not there."""

from __future__ import annotations

from importlib import import_module

Broken = import_module("a_library_that_nobody_has").Engine
