"""Data: advice texts, one file a language."""
