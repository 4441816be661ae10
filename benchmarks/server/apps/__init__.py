"""Applications that run in a process of their own, under another Python where its needs are there."""
