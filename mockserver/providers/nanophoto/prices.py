"""What NanoPhoto charges, in credits, for each operation (FACTS section 3, credits)."""

ANALYSIS = 1
