"""Features ``(batch, bins, frames)`` in, logits ``(batch, 2)`` out: pure torch, one file a network."""
