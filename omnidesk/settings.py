"""One settings file. Every value comes from the environment through `omnidesk.env`, which
refuses a bad one with one clear sentence; defaults are those of the embedded installation."""

from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from omnidesk import env
from omnidesk.logs import logging_config
from omnidesk.schedule import BEAT_SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.data_dir()
DEBUG = env.flag("OMNIDESK_DEBUG", False)
SECRET_KEY = env.secret_key()
BASE_URL = env.url("OMNIDESK_BASE_URL", f"http://127.0.0.1:{env.port('OMNIDESK_PORT', 8000)}")
# Keys that were in use before: what they sealed can still be read.
SECRET_KEY_FALLBACKS = env.items("OMNIDESK_OLD_SECRET_KEYS")
ALLOWED_HOSTS = env.items("OMNIDESK_ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [BASE_URL]

ROOT_URLCONF = "omnidesk.urls"
ASGI_APPLICATION = "omnidesk.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "omnidesk.runtime",
    "omnidesk.core",
    "omnidesk.accounts",
    "tickets",
    "ai",
    "integrations",
    "analytics",
    "omnidesk.demo",
    "unfold.apps.BasicAppConfig",
    "omnidesk.core.adminconfig.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.headless",
    "allauth.usersessions",
    "channels",
    "csp",
    "django_celery_beat",
    "django_htmx",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "template_partials.apps.SimpleAppConfig",
]

MIDDLEWARE = [
    "omnidesk.core.middleware.correlation_middleware",
    "omnidesk.core.middleware.tally_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "omnidesk.core.api.middleware.api_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "omnidesk.accounts.seen.seen_middleware",
    "omnidesk.core.middleware.scope_middleware",
    "omnidesk.core.middleware.person_middleware",
]

_CACHED = (
    "django.template.loaders.cached.Loader",
    [f"django.template.loaders.{name}.Loader" for name in ("filesystem", "app_directories")],
)
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [("template_partials.loader.Loader", [_CACHED])],
            "builtins": ["template_partials.templatetags.partials"],
            "libraries": {"i18n": "omnidesk.core.templatetags.kept"},
            "context_processors": [
                *(f"django.template.context_processors.{name}" for name in ("request", "i18n")),
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    }
]

# --- Database: the app role, under row-level security --------------------------------------------
# Commands that need no database run without one; anything that then asks for it is told so.
DATABASE_ROLE = env.role()
_database_url = "OMNIDESK_OWNER_DATABASE_URL" if DATABASE_ROLE == "owner" else "DATABASE_URL"
DATABASES: dict[str, dict[str, Any]] = {
    "default": (
        env.database(_database_url)
        if env.text(_database_url)
        else {"ENGINE": "django.db.backends.dummy"}
    )
}
# Under ASGI every request has its own thread, so persistent connections would leak: pool instead.
DATABASE_POOL_SIZE = env.integer("OMNIDESK_DATABASE_POOL", 8, minimum=0, maximum=200)
if (
    DATABASE_ROLE == "app"
    and DATABASE_POOL_SIZE
    and DATABASES["default"]["ENGINE"].endswith("postgresql")
):
    # Ask before use: after a restart of PostgreSQL the pool still holds dead connections, and each
    # would fail one request (seen for 15 seconds).
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 0,
        "max_size": DATABASE_POOL_SIZE,
        "timeout": 10,
    }

# --- Redis: cache, sessions, broker, live updates ------------------------------------------------
REDIS_URL = env.url(
    "REDIS_URL", "redis://127.0.0.1:6379/0", schemes=("redis", "rediss", "unix", "redis+socket")
)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "live"},
    }
}

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_RESULT_BACKEND = CELERY_BROKER_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": "celery.",
    # Longer than the longest task: Redis hands an unacknowledged task out again after this.
    "visibility_timeout": 3600,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"global_keyprefix": "celery."}
CELERY_RESULT_EXPIRES = 600
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A nudge that cannot be sent is dropped: the row is the truth and a sweep finds it.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 2.5
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "ai.index.*": {"queue": "index"},
    # Sending what is written needs no model and does not wait for one.
    "ai.automatic.*": {"queue": "default"},
    "ai.mail_*": {"queue": "deliver"},
    "ai.*": {"queue": "ai"},
    "integrations.deliver*": {"queue": "deliver"},
    "tickets.run_runbook": {"queue": "deliver"},
    "tickets.mail_*": {"queue": "deliver"},
    "integrations.poll*": {"queue": "deliver"},
    "integrations.take*": {"queue": "deliver"},
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE

# --- AI ------------------------------------------------------------------------------------------
QDRANT_URL = env.url("QDRANT_URL", "")
QDRANT_API_KEY = env.secret("QDRANT_API_KEY")
# How a new search index keeps vectors; an existing one changes when it is built anew.
VECTOR_QUANTIZATION = env.choice(
    "OMNIDESK_VECTOR_QUANTIZATION", "none", ("none", "scalar", "binary")
)
EMBEDDING_MODEL = env.text("EMBEDDING_MODEL", "")
ANTHROPIC_API_KEY = env.secret("ANTHROPIC_API_KEY")
ANTHROPIC_BASE_URL = env.url("ANTHROPIC_BASE_URL", "https://api.anthropic.com")
ANTHROPIC_TRIAGE_MODEL = env.text("ANTHROPIC_TRIAGE_MODEL", "claude-haiku-5-5")
ANTHROPIC_MODEL = env.text("ANTHROPIC_MODEL", "claude-sonnet-5-5")
OPENAI_API_KEY = env.secret("OPENAI_API_KEY")
OPENAI_BASE_URL = env.url("OPENAI_BASE_URL", "https://api.openai.com/v1")
OPENAI_MODEL = env.text("OPENAI_MODEL")
AZURE_OPENAI_API_KEY = env.secret("AZURE_OPENAI_API_KEY")
AZURE_OPENAI_ENDPOINT = env.url("AZURE_OPENAI_ENDPOINT", "")
AZURE_OPENAI_VERSION = env.text("AZURE_OPENAI_VERSION")
AZURE_OPENAI_DEPLOYMENT = env.text("AZURE_OPENAI_DEPLOYMENT")
OLLAMA_BASE_URL = env.url("OLLAMA_BASE_URL", "")
OLLAMA_MODEL = env.text("OLLAMA_MODEL")
# Off: nothing is ever answered without a person, whatever the desk allowed (docs/ai.md).
AI_AUTOMATIC = env.flag("OMNIDESK_AI_AUTOMATIC", True)
# Who answers what, in order, such as "anthropic:claude-haiku-5-5, ollama, local" (docs/ai.md).
AI_ROUTES = {
    "": env.text("OMNIDESK_AI_ROUTE"),
    "triage": env.text("OMNIDESK_AI_ROUTE_TRIAGE"),
    "draft": env.text("OMNIDESK_AI_ROUTE_DRAFT"),
    "chat": env.text("OMNIDESK_AI_ROUTE_CHAT"),
}
AI_PRICES = env.text("OMNIDESK_AI_PRICES")
AI_TRAIN_AFTER = env.integer("OMNIDESK_AI_TRAIN_AFTER", 50, minimum=1, maximum=100_000)
AI_FINE_TUNE = env.choice("OMNIDESK_AI_FINE_TUNE", "off", ("off", "gpu", "cpu"))
AI_TRIAGE_TOGETHER = env.integer("OMNIDESK_AI_TRIAGE_TOGETHER", 8, minimum=1, maximum=20)
AI_TRIES = env.integer("OMNIDESK_AI_TRIES", 3, minimum=1, maximum=5)
AI_RETRY_SECONDS = env.decimal("OMNIDESK_AI_RETRY_SECONDS", 0.5, maximum=5.0)
AI_CALL_TIMEOUT = env.decimal("OMNIDESK_AI_CALL_TIMEOUT", 20.0, minimum=0.1, maximum=120.0)
# A local model may first have to be loaded; the API waits for a whole answer from outside.
AI_SLOW_TIMEOUT = env.decimal("OMNIDESK_AI_SLOW_TIMEOUT", 60.0, minimum=0.1, maximum=170.0)
AI_ANSWER_TIMEOUT = env.decimal("OMNIDESK_AI_ANSWER_TIMEOUT", 25.0, minimum=0.1, maximum=60.0)
AI_REQUEST_TIMEOUT = env.decimal("OMNIDESK_AI_TIMEOUT", 1.5, minimum=0.1, maximum=30.0)

# --- Accounts ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
ORGANIZATION_MODEL = "accounts.Organization"
AUTHENTICATION_BACKENDS = [
    "omnidesk.accounts.backends.RolePermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "omnidesk.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if BASE_URL.startswith("https") else "http"
ALLOW_SIGN_UP = env.flag("OMNIDESK_SIGN_UP", True)
HEADLESS_TOKEN_STRATEGY = "allauth.headless.tokens.strategies.jwt.JWTTokenStrategy"  # noqa: S105
HEADLESS_JWT_ALGORITHM = "HS256"
HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED = True
HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = 900
HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN = 14 * 86_400

# --- API -----------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "omnidesk.accounts.api.authentication.BearerAuthentication",
        "omnidesk.accounts.api.authentication.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["omnidesk.core.api.limits.ApiLimit"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["omnidesk.core.api.parsers.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "omnidesk.core.api.schema.Schema",
    "EXCEPTION_HANDLER": "omnidesk.core.api.problems.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Requests a minute, 0 for no limit: per person (or address), `auth` always per address.
LIMITS = {
    "api": env.integer("OMNIDESK_LIMIT_API", 1000),
    "auth": env.integer("OMNIDESK_LIMIT_AUTH", 5),
    "uploads": env.integer("OMNIDESK_LIMIT_UPLOADS", 10),
    "ai": env.integer("OMNIDESK_LIMIT_AI", 100),
    # Calls of other systems, per address: one may report a whole batch of changes at once.
    "webhooks": env.integer("OMNIDESK_LIMIT_WEBHOOKS", 12_000),
}
LIMIT_TRUSTED_NETWORKS = env.networks("OMNIDESK_LIMIT_TRUSTED")
# Who may read /metrics beside the installation's owners: a bearer token, callers' networks.
METRICS_TOKEN = env.secret("OMNIDESK_METRICS_TOKEN")
METRICS_NETWORKS = env.networks("OMNIDESK_METRICS_NETWORKS")
# How many proxies of ours stand in front; each adds one entry to X-Forwarded-For.
ALLAUTH_TRUSTED_PROXY_COUNT = env.integer("OMNIDESK_TRUSTED_PROXIES", 0, maximum=10)
SPECTACULAR_SETTINGS = {
    "TITLE": "OmniDesk",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "ActorKind": "tickets.choices.ActorKind",
        "MessageKind": "tickets.choices.MessageKind",
        "StatusCategory": "tickets.choices.StatusCategory",
        "FoundKind": "ai.api.serializers.KINDS",
        "ApprovalState": "tickets.models.approval.ApprovalState",
        "VoteState": "tickets.models.approval.VoteState",
        "RunState": "tickets.models.runbook.RunState",
        "JobState": "ai.models.job.Job.State",
        "SurgeState": "ai.models.surge.Surge.State",
        "ProposalState": "ai.models.proposal.ArticleProposal.State",
    },
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
}
ATTACHMENT_MAX_BYTES = env.integer("OMNIDESK_ATTACHMENT_MB", 10, minimum=1, maximum=200) * 2**20
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20

# --- Mail ----------------------------------------------------------------------------------------
EMAIL_URL = env.mail_url("EMAIL_URL")
OUTGOING_DIR = DATA_DIR / "outgoing"
SMTP_LISTEN_HOST = env.text("OMNIDESK_SMTP_HOST", "127.0.0.1")
SMTP_LISTEN_PORT = env.port("OMNIDESK_SMTP_PORT", 8025, off_allowed=True)
MAIL_MAX_BYTES = env.integer("OMNIDESK_MAIL_MB", 35, minimum=1, maximum=200) * 2**20
DEFAULT_FROM_EMAIL = env.email("OMNIDESK_FROM_EMAIL", "helpdesk@omnidesk.example")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Django's own mail (sign-in, password reset) leaves by the same door as answers.
EMAIL_BACKEND = "integrations.mailbackend.EmailUrlBackend"

# --- Other people's servers ----------------------------------------------------------------------
# Hosts (or .suffixes) and networks inside our own network that may be called all the same.
# Modules of your own that register context gatherers (tickets/context.py).
CONTEXT_PLUGINS = env.items("OMNIDESK_CONTEXT_PLUGINS")
OUTBOUND_ALLOW = env.items("OMNIDESK_OUTBOUND_ALLOW")

# --- Pages, files, languages ---------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "files"
MEDIA_URL = "/files/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "omnidesk.runtime.staticfiles.GzipManifestStaticFilesStorage"
        )
    },
}
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German")), ("fr", _("French")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "omnidesk" / "locale"]
LANGUAGE_COOKIE_NAME = "omnidesk_language"
TIME_ZONE = "UTC"

# --- Safety --------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "frame-ancestors": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {"camera": [], "geolocation": [], "microphone": []}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
_https = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0

# --- Logs ----------------------------------------------------------------------------------------
DJANGO_STRUCTLOG_CELERY_ENABLED = True
LOGGING = logging_config(
    as_json=env.choice("OMNIDESK_LOG_FORMAT", "json", ("json", "text")) == "json"
)
LOGGING_CONFIG = "logging.config.dictConfig"
UNFOLD = {"SITE_TITLE": "OmniDesk", "SITE_HEADER": "OmniDesk", "SHOW_VIEW_ON_SITE": False}
