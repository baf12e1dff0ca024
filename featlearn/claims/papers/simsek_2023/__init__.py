"""Claims of Şimşek, Bendjeddou, Gerstner & Brea 2023, on students with fewer units than their teacher."""
