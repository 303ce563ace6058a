"""What a model is made of: its blocks, its linear layers, the memory it takes."""
