"""Finding and reading plates with two small networks; needs numpy, cv2 and onnxruntime."""
