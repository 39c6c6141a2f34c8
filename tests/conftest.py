"""How hypothesis tries properties: on the same examples every time, so that red is red for all.

`pytest --hypothesis-profile=default` looks at new ones.
"""

from hypothesis import settings

settings.register_profile("suite", derandomize=True)
settings.load_profile("suite")
