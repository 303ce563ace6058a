"""Real processes that play the parts of engine, zygote and ranks."""
