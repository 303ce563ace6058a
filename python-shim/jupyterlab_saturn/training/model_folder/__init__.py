"""A trained model as a folder that others can use, and what it says of how it was trained."""
