"""What comes out: a resolution, or the gap that stands in its way."""
