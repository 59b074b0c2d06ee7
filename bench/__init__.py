"""Benchmarks of Berth beside real registries; see README.md."""
