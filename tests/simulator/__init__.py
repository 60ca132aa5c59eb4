"""A lane box that is simulated whole, and the judge who knows what really happened there."""
