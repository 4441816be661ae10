"""Who carries out what the batcher decides: a thread, an event loop, or the caller."""
