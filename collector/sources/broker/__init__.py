"""Messages of an MQTT broker as CloudEvents, each kept once."""
