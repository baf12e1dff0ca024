"""Claims of Abbe, Boix-Adserà & Misiakiewicz 2022 and 2023, on staircases and leaps."""
