"""The broker client: a `Source` of messages, and a `Publisher`.

A `Source` has two threads. One keeps the connection and does nothing else, so that the broker
hears from us however long the store is down. The other takes the batches; what it has taken goes
back to the first one to be acknowledged. Hand-over is by the batch, so the second thread costs
nothing a message.
"""

from meterwatch.daemon.mqtt.publisher import NotPublished, Publisher
from meterwatch.daemon.mqtt.settings import BrokerSettings, Tls
from meterwatch.daemon.mqtt.source import Source, SourceState

__all__ = ["BrokerSettings", "NotPublished", "Publisher", "Source", "SourceState", "Tls"]
