"""Settings: small typed classes by concern, read from the environment (prefix VIGIA_) and `.env`.

Only the fields that `for_browser` names ever reach a page.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent
BUILD = "0.2.0"


class _Base(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="VIGIA_", env_file=ROOT / ".env", extra="ignore")


class StoreSettings(_Base):
    """Where files made or kept at run time live."""

    home: Path = Field(default=ROOT / ".vigia", description="the private folder of this installation")

    @property
    def originals(self) -> Path:
        """Files as they came, read-only, named by their sha256."""
        return self.home / "originals"

    @property
    def imagery(self) -> Path:
        """The COGs that are served."""
        return self.home / "imagery"

    @property
    def basemap(self) -> Path:
        """The offline basemap: PMTiles archives, relief, and what was built for them."""
        return self.home / "basemap"

    @property
    def audit_key(self) -> Path:
        """What the record's heads are signed with."""
        return self.home / "audit_key"

    @property
    def spool(self) -> Path:
        """What feeds told and is not stored yet."""
        return self.home / "spool"

    @property
    def uploads(self) -> Path:
        """Files on their way in from a browser."""
        return self.home / "uploads"

    @property
    def tombstone_key(self) -> Path:
        """What the salts of tombstones are made with. Without it none can be told any more."""
        return self.home / "tombstone_key"

    @property
    def rejects(self) -> Path:
        """Rejects files of imports with --keep-good."""
        return self.home / "rejects"


class DatabaseSettings(_Base):
    """Which database. Without an address Vigia runs its own private cluster."""

    model_config = SettingsConfigDict(env_prefix="", env_file=ROOT / ".env", extra="ignore")

    database_url: str | None = Field(default=None, description="owner's address of an own server (postgresql://…)")
    vigia_pool_size: int = Field(default=8, ge=1, le=100)
    vigia_statement_timeout_ms: int = Field(default=10_000, ge=100)


class ServeSettings(_Base):
    """How the server listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=8050, ge=1, le=65535)
    basemap_file: Path | None = Field(default=None, description="a user's own basemap, .pmtiles or .json")
    proxy_address: str = Field(default="127.0.0.1", description="where the proxy of --behind-proxy asks from")
    streams: int = Field(default=12, ge=1, description="streams that one session may have open at once")
    tiles_kept_mb: int = Field(default=32, ge=0, le=4096, description="memory for tiles made lately")
    local_zone: str = Field(default="America/Chicago", description="the second clock, an IANA zone")


class FeedSettings(_Base):
    """How much of feeds is taken."""

    spool_mb: int = Field(default=1024, ge=1, description="disk for what feeds told and is not stored yet, all of them together")
    rate_per_s: int = Field(default=20_000, ge=1, description="messages a second that one feed may send; more are dropped and counted")


class UploadSettings(_Base):
    """How much is taken by the browser."""

    upload_file_mb: int = Field(default=20_000, ge=1, description="the largest file")
    upload_waiting_mb: int = Field(default=100_000, ge=1, description="what one person may have on its way in at a time")
    upload_waiting_files: int = Field(default=5_000, ge=1, description="how many files that may be")
    upload_hours: float = Field(default=48, gt=0, description="after how long an upload nobody goes on with is erased")
    upload_spare_mb: int = Field(default=1_024, ge=0, description="room on the disk that uploads leave")


class AnalysisSettings(_Base):
    """What one analysis may take."""

    analysis_memory_mb: int = Field(default=6_000, ge=500, description="address space of its process")
    analysis_minutes: float = Field(default=30, gt=0, description="after how long it is ended")


class AccessSettings(_Base):
    """Who is let in, and how the outside world calls us."""

    public_origin: str | None = Field(default=None, description="the address people use when it is not loopback, such as https://vigia.example.org")
    idle_minutes: int = Field(default=30, ge=1, le=30, description="after how long at rest a session is locked")

    oidc_issuer: str | None = Field(default=None, description="a provider of OpenID Connect that people may sign in with")
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_name: str = Field(default="your agency", description="how the provider is called on the sign-in page")
    sign_in_tries: int = Field(default=20, ge=1, description="tries a minute from one address, whatever names it tries")

    @field_validator("public_origin")
    @classmethod
    def _is_origin(cls, told: str | None) -> str | None:
        if told is None or not told.strip():
            return None
        parts = urlsplit(told.strip().rstrip("/"))
        if parts.scheme != "https" or not parts.hostname or parts.path or parts.query:
            raise ValueError("expected https://name, with no path")
        return f"https://{parts.netloc}".lower()

    @field_validator("oidc_issuer")
    @classmethod
    def _is_issuer(cls, told: str | None) -> str | None:
        if told is None or not told.strip():
            return None
        parts = urlsplit(told.strip().rstrip("/"))
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")):
            raise ValueError("expected https://…, or this machine")
        return told.strip().rstrip("/")

    @model_validator(mode="after")
    def _has_client(self) -> AccessSettings:
        if self.oidc_issuer is not None and not self.oidc_client_id:
            raise ValueError("VIGIA_OIDC_ISSUER needs VIGIA_OIDC_CLIENT_ID beside it")
        return self

    @property
    def tls(self) -> bool:
        """Whether browsers reach us behind TLS: then cookies are told to travel there alone."""
        return self.public_origin is not None


class KeepingSettings(_Base):
    """When records are erased, and by which clock."""

    clock_step_hours: float = Field(default=36, gt=0, description="how far ahead of what it last saw the clock may stand before nothing is erased")
    heartbeat_s: float = Field(default=10, gt=0, description="how often a worker says that it lives; silent for three times as long, its jobs are another's")


class OutgoingSettings(_Base):
    """By whom alerts are mailed, to the destinations somebody set up (docs/events.md); nothing is sent otherwise."""

    smtp_host: str | None = None
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_from: str | None = None
    smtp_tls: bool = Field(default=True, description="STARTTLS, with a certificate that is checked")
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None


@lru_cache
def store() -> StoreSettings:
    return StoreSettings()


@lru_cache
def database() -> DatabaseSettings:
    return DatabaseSettings()


@lru_cache
def serve() -> ServeSettings:
    return ServeSettings()


@lru_cache
def feeds() -> FeedSettings:
    return FeedSettings()


@lru_cache
def uploads() -> UploadSettings:
    return UploadSettings()


@lru_cache
def analysis() -> AnalysisSettings:
    return AnalysisSettings()


@lru_cache
def access() -> AccessSettings:
    return AccessSettings()


@lru_cache
def keeping() -> KeepingSettings:
    return KeepingSettings()


@lru_cache
def outgoing() -> OutgoingSettings:
    return OutgoingSettings()


def for_browser() -> dict:
    """The only settings a page may see."""
    return {"build": BUILD, "local_zone": serve().local_zone}
