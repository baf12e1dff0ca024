"""The claims of Goldt, Advani, Saxe, Krzakala & Zdeborová, "Dynamics of Stochastic Gradient Descent for Two-Layer
Neural Networks in the Teacher-Student Setup" (NeurIPS 2019, arXiv:1906.08632)."""
