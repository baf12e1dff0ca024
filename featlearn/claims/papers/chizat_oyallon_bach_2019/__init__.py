"""Claims of Chizat, Oyallon & Bach 2019, on lazy training: what a network learns by the scale of its start."""
