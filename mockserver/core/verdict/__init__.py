"""The verdict: judges a client by the facts of a sandbox. Facts in, findings out; nothing is read or changed."""
