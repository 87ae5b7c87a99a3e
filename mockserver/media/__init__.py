"""Creates small playable videos and thumbnails, and reads facts about uploaded videos without storing them."""
