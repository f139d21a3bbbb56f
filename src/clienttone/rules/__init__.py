"""Data: policy, threat indicators, cost table."""
