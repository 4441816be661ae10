"""Results of tables as HTML for notebooks, imported only when one is shown."""
