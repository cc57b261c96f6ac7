"""Settings of the server that the browser tests talk to: an installation's, on the test database.

It runs in a process of its own and finds database, Redis and data folder in its environment.
"""

import os

from omnidesk.settings import *  # noqa: F403
from omnidesk.settings import CHANNEL_LAYERS, DATABASES, STORAGES

# A pool would keep connections that the clean-up between tests has to wait for.
DATABASES["default"].get("OPTIONS", {}).pop("pool", None)
CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = os.environ["TEST_CHANNEL_PREFIX"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# Found once at the start: a page loads some forty files, and each would be looked for anew.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
