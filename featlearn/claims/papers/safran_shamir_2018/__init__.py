"""The claims of Safran & Shamir, "Spurious Local Minima are Common in Two-Layer ReLU Neural Networks" (ICML 2018,
arXiv:1712.08968)."""
