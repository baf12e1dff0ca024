"""Claims of Mousavi-Hosseini et al. 2022, on SGD with weight decay and the principal subspace."""
