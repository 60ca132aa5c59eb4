"""The technician's eyes: what a reader sees in pictures, and whether a camera stands well."""
