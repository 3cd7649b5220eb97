"""What all tests share."""

from hypothesis import HealthCheck, settings

# A busy machine must not fail a test: no time limit on one example, and everyone tries the same
# ones. `pytest --hypothesis-profile=default` looks for new ones.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")
