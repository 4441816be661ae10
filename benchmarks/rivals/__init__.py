"""One adapter per engine, each in its own file, found through `catalogue`."""
