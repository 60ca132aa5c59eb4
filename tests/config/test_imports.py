"""Reading a configuration needs no device library, so that it is quick and works anywhere."""

import subprocess
import sys

PROGRAM = """
import sys
from gateway import config
from gateway.catalog import KINDS, Catalog
for kind in KINDS:
    for name in Catalog().names(kind):
        Catalog().settings(kind, name)
heavy = {"cv2", "numpy", "onnxruntime", "pymodbus", "serial", "av", "PIL", "paho", "sqlite_utils"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_no_driver_and_no_configuration_imports_a_device_library():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []
