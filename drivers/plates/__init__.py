"""Finding and reading plates with two small networks; needs numpy, cv2 and onnxruntime."""

import os

# From 1.29 on, onnxruntime would make itself an identity on this disk and report its use to its
# maker. It looks at this variable once, when it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
