"""Event capture and delivery: a pure ``queue`` for each lane, and a ``pipeline`` that obeys it."""
