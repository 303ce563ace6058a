"""What building a task once tells, before anything is trained."""
