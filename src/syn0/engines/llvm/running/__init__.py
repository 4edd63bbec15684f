"""The driver of a plan, its memory, and the threads that run it."""
