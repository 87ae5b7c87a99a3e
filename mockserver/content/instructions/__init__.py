"""Custom instructions for descriptions: what they ask for, in the languages of the results."""
