"""What the server said: the document, read into typed definitions and issues."""
