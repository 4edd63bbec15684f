"""Model files: one safetensors file with plain JSON, from which loading never runs code."""
