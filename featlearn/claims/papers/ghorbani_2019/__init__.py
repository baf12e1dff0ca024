"""Claims of Ghorbani, Mei, Misiakiewicz & Montanari 2019, on what lazy training of quadratic units cannot fit."""
