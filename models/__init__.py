"""The shipped models, as data."""
