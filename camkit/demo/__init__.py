"""The built-in demo site: a deterministic world, and an HTTP server that speaks the vendors' protocols.

``python -m camkit.demo`` starts it; camkit's clients know it only by the addresses it prints. Nothing is
imported here, so ``import camkit.demo`` costs nothing and starts nothing.
"""
