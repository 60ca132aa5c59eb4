"""Judges an engine by a law, over stays and tariffs that nobody chose."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st


def judge(law, engine, *, examples):
    @given(st.data())
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(data):
        law(engine, data.draw)

    holds()
