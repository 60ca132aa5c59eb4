"""Where the passes go: the MQTT broker's settings, as a technician writes them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from gateway.ports import SecretRef
from gateway.sync.redial import MqttProtocol
from gateway.sync.snaps import PicturePolicy

FilePath = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class TlsSettings(BaseModel):
    """Encryption to the broker; a box proves itself with `cert` and `key`.

    New files are noticed within a minute, without a restart.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ca: FilePath | None = Field(
        default=None,
        title="CA file",
        description="PEM file of the authority that signed the broker's certificate, or of several"
        " while one takes over from another; without it, the system's authorities are trusted.",
    )
    cert: FilePath | None = Field(
        default=None,
        title="Certificate file",
        description="PEM file of this box's own certificate, its signers behind it; needs `key`."
        " Its name (CN) must be the `gateway`.",
    )
    key: FilePath | None = Field(
        default=None,
        title="Key file",
        description="PEM file of the private key that belongs to `cert`, without a pass phrase:"
        " a path, or `credential:name` for one that systemd hands over at the start.",
    )

    @model_validator(mode="after")
    def _cert_and_key_belong_together(self) -> "TlsSettings":
        if (self.cert is None) != (self.key is None):
            raise ValueError("`cert` and `key` belong together: give both or none")
        return self


class UplinkSettings(BaseModel):
    """The broker that carries passes to the cloud."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = Field(
        title="Broker", description="Host name or IP address of the MQTT broker."
    )
    port: int = Field(
        default=1883,
        ge=1,
        le=65535,
        title="Port",
        description="TCP port of the broker; 1883 is usual without TLS, 8883 with it.",
    )
    username: str | None = Field(
        default=None, title="User name", description="User name for the broker, if it asks for one."
    )
    password: SecretRef | None = Field(
        default=None,
        title="Password",
        description="Where the password is kept: `file:/path` or `credential:name`; never the"
        " password itself.",
    )
    tls: TlsSettings | None = Field(
        default=None,
        title="TLS",
        description="Encrypts the connection. `tls: {}` trusts the system's authorities.",
    )
    protocol: MqttProtocol = Field(
        default=MqttProtocol.AUTO,
        title="MQTT version",
        description="`auto` tries MQTT 5 and falls back to 3.1.1; `5` or `3.1.1` insists.",
    )
    keepalive_s: int = Field(
        default=15,
        ge=5,
        le=300,
        title="Keepalive (s)",
        description="Seconds of silence after which the connection is probed.",
    )
    reconnect_max_s: float = Field(
        default=30.0,
        gt=0,
        le=600,
        title="Longest wait before reconnecting (s)",
        description="Each wait is random between nothing and a bound that doubles up to this.",
    )
    pictures: PicturePolicy = Field(
        default=PicturePolicy.ASKED,
        title="Pictures",
        description="Which pictures leave the box: `none`, those that the cloud has `asked` for,"
        " or `all`.",
    )
    picture_kb_s: float = Field(
        default=0.0,
        ge=0,
        le=1_000_000,
        title="Pictures (KB/s)",
        description="The most that pictures take of the line on average; 0 for no bound of its"
        " own. They always give way to passes.",
    )

    @model_validator(mode="after")
    def _a_password_needs_a_user(self) -> "UplinkSettings":
        if self.password is not None and self.username is None:
            raise ValueError("`password` is given without `username`: add the user name")
        return self
