"""The built-in demo site: a deterministic world, and an HTTP server that speaks the vendors' protocols.

``python -m camkit.demo`` starts it; camkit's clients know it only by the addresses it prints. This module
imports nothing, so ``import camkit.demo`` is cheap and starts nothing.
"""
