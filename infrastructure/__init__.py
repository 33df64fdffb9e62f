"""Everything that touches the world: stores, settings, and the doors callers come through.

`bootstrap` is the only module that knows all adapters.
"""
