"""Claims of Ben Arous, Gheissari & Jagannath 2021, on the samples that online SGD takes by the information exponent."""
