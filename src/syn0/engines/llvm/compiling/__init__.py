"""From text to machine code in memory, through a cache on disk."""
