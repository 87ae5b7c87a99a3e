"""The store in an SQLite file: the store in memory, whose changes are written into the file before replies are sent."""
