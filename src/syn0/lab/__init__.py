"""The lessons that the command `syn0` tells: nothing in the library imports them."""
