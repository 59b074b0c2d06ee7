"""Black-box tests: Berth and the registry clients that people use, talking to each other over loopback."""
