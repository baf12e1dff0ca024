"""Pure mathematics of two-layer networks on Gaussian inputs: arrays in, arrays out."""
