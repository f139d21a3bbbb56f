"""Reads and writes tables (needs clienttone[batch])."""
