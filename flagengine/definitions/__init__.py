"""The server's document, read into typed definitions and issues."""
