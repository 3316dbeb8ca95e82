"""What comes from outside, in every form there is: it crashes nothing, and nothing wrong goes further."""
