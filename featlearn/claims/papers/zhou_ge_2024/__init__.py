"""The claims of Zhou & Ge, "How Does Gradient Descent Learn Features — A Local Analysis for Regularized Two-Layer
Neural Networks" (NeurIPS 2024, arXiv:2406.01766)."""
