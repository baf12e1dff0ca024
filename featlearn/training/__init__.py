"""Networks, stages and the descent loop: from initial weights to logged states, without any file."""
