"""Attributes of spans by current semantic conventions, and the shop's own keys."""

from collections.abc import Sequence

from opentelemetry.semconv._incubating.attributes.device_attributes import DEVICE_ID
from opentelemetry.semconv._incubating.attributes.enduser_attributes import ENDUSER_PSEUDO_ID
from opentelemetry.semconv._incubating.attributes.messaging_attributes import (
    MESSAGING_DESTINATION_NAME,
    MESSAGING_OPERATION_NAME,
    MESSAGING_OPERATION_TYPE,
    MESSAGING_SYSTEM,
)
from opentelemetry.semconv._incubating.attributes.user_attributes import USER_ID, USER_ROLES
from opentelemetry.semconv.attributes.db_attributes import DB_COLLECTION_NAME, DB_OPERATION_NAME, DB_SYSTEM_NAME
from opentelemetry.semconv.attributes.http_attributes import (
    HTTP_REQUEST_METHOD,
    HTTP_RESPONSE_STATUS_CODE,
    HTTP_ROUTE,
)
from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS

from collector.demo.kernel import Person
from collector.demo.spans import Attributes

ORDER_ID, PAYMENT_ID, RETURN_ID, SHIPMENT_ID = "order.id", "payment.id", "return.id", "shipment.id"
ORDER_AMOUNT = "order.amount"
CHANNEL, PLATFORM, SHOP = "shop.channel", "shop.platform", "shop.name"
SUPPLIER, FIRMWARE = "otp.supplier", "pos.firmware"

__all__: Sequence[str] = (
    "CHANNEL",
    "DEVICE_ID",
    "ENDUSER_PSEUDO_ID",
    "FIRMWARE",
    "ORDER_AMOUNT",
    "ORDER_ID",
    "PAYMENT_ID",
    "PLATFORM",
    "RETURN_ID",
    "SHIPMENT_ID",
    "SHOP",
    "SUPPLIER",
    "client",
    "consume",
    "database",
    "publish",
    "server",
    "staff",
)


def server(method: str, route: str, status: int, **keys: str | int) -> Attributes:
    """A request that came in; `keys` are added with dots for double underscores."""
    return {HTTP_REQUEST_METHOD: method, HTTP_ROUTE: route, HTTP_RESPONSE_STATUS_CODE: status, **_dotted(keys)}


def client(method: str, address: str, status: int, **keys: str | int) -> Attributes:
    """A request that went out."""
    return {HTTP_REQUEST_METHOD: method, SERVER_ADDRESS: address, HTTP_RESPONSE_STATUS_CODE: status, **_dotted(keys)}


def database(operation: str, table: str) -> Attributes:
    """A statement; it knows no business key."""
    return {DB_SYSTEM_NAME: "mysql", DB_OPERATION_NAME: operation, DB_COLLECTION_NAME: table}


def publish(queue: str) -> Attributes:
    """A message sent."""
    return _message(queue, "send", "publish")


def consume(queue: str, **keys: str | int) -> Attributes:
    """A message being worked on."""
    return {**_message(queue, "process", "process"), **_dotted(keys)}


def staff(person: Person, **keys: str | int) -> Attributes:
    """Somebody of the staff, in a role."""
    return {USER_ID: person.name, USER_ROLES: (person.role,), **_dotted(keys)}


def _message(queue: str, kind: str, name: str) -> Attributes:
    return {
        MESSAGING_SYSTEM: "rocketmq",
        MESSAGING_DESTINATION_NAME: queue,
        MESSAGING_OPERATION_TYPE: kind,
        MESSAGING_OPERATION_NAME: name,
    }


def _dotted(keys: dict[str, str | int]) -> Attributes:
    return {key.replace("__", "."): value for key, value in keys.items()}
