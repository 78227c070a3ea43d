"""Shows staff what is going on and takes down what they do."""
