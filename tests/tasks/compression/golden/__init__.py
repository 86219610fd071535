"""Files that were written once, and must be read for ever: what is in each, and the symbols of each tile."""
