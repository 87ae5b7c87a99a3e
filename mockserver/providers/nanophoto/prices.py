"""What NanoPhoto charges, in credits, for each operation (FACTS section 3, credits, and the tables of its pages)."""

ANALYSIS = 1
PROMPT = 2
COMMERCIAL = 8

# By model tier and seconds.
SORA = {
    ("sora2", "10"): 4,
    ("sora2", "15"): 8,
    ("sora2-pro-standard", "10"): 60,
    ("sora2-pro-standard", "15"): 100,
    ("sora2-pro-high", "10"): 120,
    ("sora2-pro-high", "15"): 240,
}
IMAGES = {"1K": 4, "2K": 8, "4K": 16}
# For each shot.
VEO = {"720p": 10, "1080p": 14, "4k": 30}
# Without sound, by resolution and seconds. Sound doubles the price.
SEEDANCE = {
    ("480p", "4"): 2,
    ("480p", "8"): 4,
    ("480p", "12"): 6,
    ("720p", "4"): 4,
    ("720p", "8"): 8,
    ("720p", "12"): 12,
    ("1080p", "4"): 8,
    ("1080p", "8"): 16,
    ("1080p", "12"): 22,
}
