"""What a student is to learn: targets f*(x) of Gaussian inputs, with all that training and reports ask of them."""
