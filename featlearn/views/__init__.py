"""What people look at: the console and the generated tables of the documentation."""
