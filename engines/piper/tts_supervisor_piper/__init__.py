"""Piper voices (VITS, ONNX) as an engine of tts-supervisor."""

from __future__ import annotations

from tts_supervisor_piper.engine import Piper

__all__ = ["Piper"]
