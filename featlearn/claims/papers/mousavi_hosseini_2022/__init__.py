"""Claims of Mousavi-Hosseini, Park, Girotti, Mitliagkas & Erdogdu 2022, on SGD with weight decay and the principal subspace."""
