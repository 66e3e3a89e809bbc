"""The review: look at each picked event, decide, note why.

`panel` is the view; `state` is what it shows; `frames` brings the pictures; `prefetch` brings them ahead of time.
"""
