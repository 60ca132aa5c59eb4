"""How the models were made, and how to make them again or better: `python -m models.training`.

Needs the extra `training` (PyTorch); nothing of it is needed, or installed, at run time.
"""
