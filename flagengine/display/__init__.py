"""Values as HTML for notebooks: pure, without a script, and imported only when something is shown.

The functions take plain JSON values and text, which they escape: definitions are written by others.
"""
