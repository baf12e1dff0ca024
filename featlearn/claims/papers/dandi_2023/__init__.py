"""The claims of Dandi, Krzakala, Loureiro, Pesce and Stephan, "How Two-Layer Neural Networks Learn, One (Giant) Step at
a Time" (JMLR 2024, arXiv:2305.18270)."""
