"""The peer kokoro-onnx."""
