"""Fits, calibrates and measures models (needs clienttone[train])."""
