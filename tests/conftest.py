"""What holds for all tests."""

from hypothesis import settings

import tests.one_thread  # noqa: F401  (before anything that loads numpy)

# A machine that is busy with other tests is no bug of the rule that is being tried.
settings.register_profile("lab", deadline=None)
settings.load_profile("lab")
