"""Statistics over tables: exposures, and whether flags get their shares."""
