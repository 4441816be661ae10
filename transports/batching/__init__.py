"""Event capture and delivery: pure machines (``lane``, ``delivery``) and drivers that obey them."""
