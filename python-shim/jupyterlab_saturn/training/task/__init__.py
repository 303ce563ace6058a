"""A task as the user made it: built, validated, and its samples in their order."""
