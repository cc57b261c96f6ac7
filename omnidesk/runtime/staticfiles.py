"""Static files with hashed names, compressed with gzip only.

Brotli at its default quality takes 36 of the 43 seconds of a first `collectstatic` (1,543 files,
2 cores); without it that is 4 seconds, for files about a fifth larger.
"""

from typing import Any, Final

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class GzipManifestStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    # Our ES modules import each other by hashed names too, or a browser would mix old and new.
    # Only ours: Django's own switch rewrites every package's scripts, and minified bundles
    # contain things that merely look like imports.
    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._addresses: Final[dict[str | None, str]] = {}

    def url(self, name: str | None, force: bool = False) -> str:
        """The address of a file. A page names forty, and none changes while the process lives."""
        if force:
            return str(super().url(name, force))
        if name not in self._addresses:
            self._addresses[name] = str(super().url(name))
        return self._addresses[name]

    def create_compressor(self, **options: Any) -> Compressor:
        return Compressor(use_brotli=False, **options)
