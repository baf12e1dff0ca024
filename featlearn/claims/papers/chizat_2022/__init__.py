"""The claims of Chizat, "Sparse Optimization on Measures with Over-parameterized Gradient Descent" (Mathematical
Programming 2022, arXiv:1907.10300), for two-layer relu networks."""
