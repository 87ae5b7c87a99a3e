"""Small real videos and thumbnails made at run time, and a reader of uploaded videos that keeps none of them."""
