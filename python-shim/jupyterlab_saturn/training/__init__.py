"""The training room: what runs inside ranks. The only part of the package that imports torch."""
