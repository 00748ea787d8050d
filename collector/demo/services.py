"""The systems of the shop, with the versions they ran at a time."""

from collector.demo.spans import Source

GATEWAY_BEFORE, GATEWAY_AFTER = "4.2.0", "4.2.1"
WEB_BEFORE, WEB_AFTER = "5.8.2", "5.9.0"
FIRMWARE_BEFORE, FIRMWARE_AFTER = "3.4.7", "3.5.0"


class Services:
    """One source a service; three of them move to a new version on the way."""

    def __init__(self, gateway_release: int, web_release: int) -> None:
        self._gateway_release = gateway_release
        self._web_release = web_release
        self._gateway = tuple(Source("payment-gateway", v, "gw-1") for v in (GATEWAY_BEFORE, GATEWAY_AFTER))
        self._web = tuple(Source("shop-web", v, "web-1") for v in (WEB_BEFORE, WEB_AFTER))
        self._pos: dict[tuple[str, str], Source] = {}
        self.crm = Source("crm", "2.14.3", "crm-1")
        self.erp = Source("erp", "11.0.5", "erp-1")
        self.finance = Source("finance", "7.3.1", "fin-1")
        self.warehouse = Source("warehouse", "3.22.0", "wms-1")
        self.codes = Source("otp-sender", "1.6.4", "otp-1")

    def gateway(self, time: int) -> Source:
        """The payment gateway as it ran at `time`."""
        return self._gateway[time >= self._gateway_release]

    def web(self, time: int) -> Source:
        """The shop's pages and apps as they ran at `time`."""
        return self._web[time >= self._web_release]

    def pos(self, terminal: str, firmware: str) -> Source:
        """A terminal in a shop."""
        source = self._pos.get((terminal, firmware))
        if source is None:
            source = self._pos[terminal, firmware] = Source("pos", firmware, terminal)
        return source
