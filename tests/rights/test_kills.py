"""A program that is killed leaves the set it had, or the next: never a part of one."""

import subprocess
import sys

LIVES = 12


def test_a_kill_at_any_moment_leaves_the_old_set_or_the_new_one(tmp_path):
    words = [sys.executable, "-m", "tests.rights.killing", str(tmp_path), str(LIVES), "1"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=170)
    assert done.returncode == 0, done.stderr[-3000:]
