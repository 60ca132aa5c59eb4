"""Small web pages for screens at the lane: no framework, nothing from elsewhere."""
