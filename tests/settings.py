"""The settings of an installation, on the services of the test run."""

from tests import stack

stack.prepare_environment()

# After the environment: the settings read it when they are imported.
from omnidesk.settings import *  # noqa: E402, F403
from omnidesk.settings import CHANNEL_LAYERS, DATABASES, STORAGES  # noqa: E402

# A pool keeps connections that a test database's clean-up would have to chase.
DATABASES["default"].get("OPTIONS", {}).pop("pool", None)

# Publish and subscribe cross Redis databases, so workers are told apart by a prefix as well.
for _layer in CHANNEL_LAYERS.values():
    _layer.setdefault("CONFIG", {})["prefix"] = f"test-{stack.worker()}"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Hashed names need a collectstatic run first.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

# Served from the source folders: nothing is collected before a test run.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
