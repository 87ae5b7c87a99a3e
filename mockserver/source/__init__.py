"""Documents that people write: read strictly, and explained to their authors when something is wrong."""
