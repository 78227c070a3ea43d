"""Where the broker is, as whom we speak to it, and a paho client made of that."""

from dataclasses import dataclass, field

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

WEEK_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Tls:
    """Encryption to the broker; empty `ca_file` trusts the system's authorities."""

    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """One client of one broker.

    Parameters
    ----------
    client_id : str
        Names the session at the broker: each role has its own, or they throw each other out.
    receive_maximum : int
        How many unacknowledged messages the broker may send ahead.
    session_expiry_seconds : int
        How long the broker keeps our messages while we are away; 0 ends the session with the
        connection.
    keepalive : int
        Seconds of silence after which the broker is asked whether it is there.
    topic_prefix : str
        Stands before every topic on the wire, and nowhere inside the house.
    """

    host: str
    port: int
    client_id: str
    username: str = ""
    password: str = field(default="", repr=False)
    receive_maximum: int = 5_000
    session_expiry_seconds: int = WEEK_SECONDS
    keepalive: int = 30
    topic_prefix: str = ""
    tls: Tls | None = None


def new_client(settings: BrokerSettings) -> mqtt.Client:
    """Make a client that acknowledges by hand; it connects when told to."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=settings.client_id,
        protocol=MQTTProtocolVersion.MQTTv5,
        manual_ack=True,
    )
    client.max_inflight_messages = 65_535  # a publisher counts its own, by what the broker allows
    if settings.username:
        client.username_pw_set(settings.username, settings.password or None)
    if settings.tls is not None:
        tls = settings.tls
        client.tls_set(tls.ca_file or None, tls.certificate_file or None, tls.key_file or None)
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.ReceiveMaximum = settings.receive_maximum
    properties.SessionExpiryInterval = settings.session_expiry_seconds
    client.connect_async(
        settings.host,
        settings.port,
        settings.keepalive,
        clean_start=settings.session_expiry_seconds == 0,
        properties=properties,
    )
    return client
