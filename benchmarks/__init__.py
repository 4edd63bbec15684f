"""How fast syn0 is beside its peers: `python -m benchmarks`, from the folder above this one."""
