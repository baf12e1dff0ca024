"""The claims of Xu & Du, "Over-Parameterization Exponentially Slows Down Gradient Descent for Learning a Single Neuron"
(COLT 2023, arXiv:2302.10034)."""
