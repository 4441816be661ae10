"""Event capture and delivery: a ``queue`` per lane that decides, and a ``pipeline`` that acts."""
