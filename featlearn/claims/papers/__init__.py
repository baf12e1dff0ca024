"""A package for each paper: for each claim a YAML file and a module of the same name, and the sweeps they rest on."""
