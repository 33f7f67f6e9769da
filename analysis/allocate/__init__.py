"""Where to send what can be sent."""
