"""Files of tasks on nodes that do not share the session's folder: carried there, and back."""
