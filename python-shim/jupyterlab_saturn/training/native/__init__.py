"""Tasks that train by their own loops: followed, not replaced."""
