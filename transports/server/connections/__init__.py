"""Connections of clients that may be slow, broken or hostile: what uvicorn leaves without a limit has one here."""
